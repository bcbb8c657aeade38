/** Numbers, lengths, times and instants as people read them, in the browser's own language. */

const language = typeof navigator === "undefined" ? "en" : navigator.language;
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat(language, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1, minimumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const time = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });

export const NONE = "–";

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : whole.format(value);
}

/** Metres: tenths below 100 m, whole metres up to 10 km, kilometres beyond. */
export function metres(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (Math.abs(value) < 100) return `${tenth.format(value)} m`;
  if (Math.abs(value) < 10_000) return `${whole.format(value)} m`;
  return `${tenth.format(value / 1000)} km`;
}

/** An objective in its own unit. */
export function inUnit(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return NONE;
  if (unit === "m") return metres(value);
  if (unit === "s") return duration(value);
  return `${Math.abs(value) < 100 ? tenth.format(value) : whole.format(value)} ${unit}`.trim();
}

export function share(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value) ? NONE : percent.format(value);
}

export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 60) return `${tenth.format(seconds)} s`;
  const total = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  return hours ? `${hours} h ${String(minutes).padStart(2, "0")} min` : `${minutes} min ${String(rest).padStart(2, "0")} s`;
}

export function instant(text: string | null | undefined): string {
  return text ? clock.format(new Date(text)) : NONE;
}

export function clockTime(text: string): string {
  return time.format(new Date(text));
}

export function ago(text: string | null | undefined, now: number = Date.now()): string {
  if (!text) return NONE;
  const seconds = (Date.parse(text) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return relative.format(Math.min(0, Math.round(seconds)), "second");
  if (size < 45 * 60) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 22 * 3600) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86_400), "day");
}

/** 1 order, 2 orders. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

export function shortId(id: string): string {
  return id.length > 12 ? id.slice(0, 8) : id;
}
