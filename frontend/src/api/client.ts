/** The one place that talks HTTP: adds credentials, reads problem documents, and tells the session of a 401. */

import { credentials, sessionEnded } from "../session/store";
import { problemOf, unreachable } from "./problem";

const BASE = "/api";
const SAFE = new Set(["GET", "HEAD"]);

export interface CallOptions {
  body?: unknown;
  /** Sent as it is, with this media type. */
  raw?: { content: Blob | string; mediaType: string };
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A JSON answer. Throws Problem. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** The raw answer, ok or thrown as a Problem. */
export async function send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const headers = new Headers({ accept: "application/json", ...options.headers });
  for (const [name, value] of Object.entries(credentials(!SAFE.has(method)))) headers.set(name, value);
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (options.signal) init.signal = options.signal;
  if (options.raw) {
    headers.set("content-type", options.raw.mediaType);
    init.body = options.raw.content;
  } else if (options.body !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(BASE + path, init);
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") throw fault;
    throw unreachable(fault);
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.status === 401) sessionEnded();
    throw problem;
  }
  return response;
}

/** The address of a WebSocket of the API on this origin. */
export function socketUrl(path: string): string {
  const url = new URL(BASE + path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** Fetches a file and hands it to the browser to save, so that a failure can be shown. */
export async function download(path: string, accept: string, fallbackName: string): Promise<void> {
  const response = await send("GET", path, { headers: { accept } });
  const named = /filename="?([^";]+)"?/.exec(response.headers.get("content-disposition") ?? "");
  save(await response.blob(), named?.[1] ?? fallbackName);
}

export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // Safari reads the blob after the click returns
}
