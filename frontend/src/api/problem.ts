/** RFC 9457 problem documents as exceptions: what went wrong, where in the body, and the trace id to quote. */

export interface Fault {
  /** RFC 6901 JSON pointer into the request's body; "" for the whole. */
  pointer: string;
  detail: string;
}

export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  errors?: Fault[];
  trace_id?: string;
  instance?: string;
}

export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly faults: readonly Fault[];
  readonly traceId: string;
  /** Seconds after which the server asks to try again. */
  readonly retryAfter: number | null;

  constructor(document: ProblemDocument, retryAfter: number | null = null) {
    super(document.detail || document.title || "The request failed");
    this.status = document.status ?? 0;
    this.code = document.code ?? "unknown";
    this.title = document.title ?? "The request failed";
    this.detail = document.detail ?? "";
    this.faults = document.errors ?? [];
    this.traceId = document.trace_id ?? "";
    this.retryAfter = retryAfter;
  }

  /** Would the same request, sent again later, stand a chance? */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

/** Whatever answer the server gave, as a Problem: a proxy's HTML page too. */
export async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const wait = Number.isNaN(retryAfter) ? null : retryAfter;
  const traceId = response.headers.get("x-trace-id") ?? "";
  const text = await response.text();
  const document = parse(text);
  if (document !== null) {
    return new Problem({ trace_id: traceId, status: response.status, ...document }, wait);
  }
  const detail = `the server answered ${response.status} ${response.statusText} without a problem document`.trim();
  return new Problem({ status: response.status, code: "unknown", title: "Unexpected answer", detail, trace_id: traceId }, wait);
}

/** The request never got an answer: offline, DNS, a dropped connection. */
export function unreachable(fault: unknown): Problem {
  const online = typeof navigator === "undefined" || navigator.onLine;
  const detail = online
    ? `no answer from the server (${fault instanceof Error ? fault.message : String(fault)})`
    : "this device is offline";
  return new Problem({ status: 0, code: "unreachable", title: "StoreMax cannot be reached", detail });
}

/** Anything thrown, as a Problem that can be shown. */
export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  const detail = fault instanceof Error ? fault.message : String(fault);
  return new Problem({ status: 0, code: "dashboard", title: "The dashboard itself failed", detail });
}

function parse(text: string): ProblemDocument | null {
  try {
    const value: unknown = JSON.parse(text);
    const known = typeof value === "object" && value !== null && ("code" in value || "title" in value);
    return known ? (value as ProblemDocument) : null;
  } catch {
    return null; // not JSON: the caller describes the answer by its status
  }
}
