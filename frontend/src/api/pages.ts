/** Lists come in pages: the rows, and a cursor when there are more. */

export interface Page<T> {
  rows: T[];
  next: string | null;
}

const ROWS = ["items", "warehouses", "orders", "jobs", "zones", "agents", "stock"] as const;
const NEXT = ["next_cursor", "next", "cursor"] as const;

/** Reads a list answer, whose member is named after what it holds. Throws when no member is a list. */
export function pageOf<T>(answer: unknown): Page<T> {
  if (Array.isArray(answer)) return { rows: answer as T[], next: null };
  const object = (answer ?? {}) as Record<string, unknown>;
  const name = ROWS.find((key) => Array.isArray(object[key]));
  if (name === undefined) throw new Error("the answer holds no list");
  const next = NEXT.map((key) => object[key]).find((value) => typeof value === "string" && value !== "");
  return { rows: object[name] as T[], next: (next as string | undefined) ?? null };
}
