/** RFC 4180, with cells that a spreadsheet would run as a formula made harmless (OWASP, CSV injection). */
export function csvOf<K extends string>(columns: readonly K[], rows: readonly Record<K, unknown>[]): string {
  const lines = rows.map((row) => columns.map((column) => cell(String(row[column] ?? ""))).join(","));
  return [columns.join(","), ...lines].join("\r\n") + "\r\n";
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
