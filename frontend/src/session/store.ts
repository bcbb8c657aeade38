/** Who is signed in. The API key itself is given to the server once and kept nowhere: a cookie holds the session. */

export type SessionState = "unknown" | "signed-out" | "signed-in";

export interface Session {
  state: SessionState;
  /** Sent with every change, because a cookie alone could be another site's doing. */
  csrf: string;
  role: string;
  tenant: string;
  subject: string;
  /** Why the last session ended, to be told at the sign-in page. */
  ended: boolean;
}

const NOBODY: Session = { state: "unknown", csrf: "", role: "", tenant: "", subject: "", ended: false };

let current: Session = NOBODY;
const listeners = new Set<() => void>();

export function session(): Session {
  return current;
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setSession(next: Partial<Session>): void {
  current = { ...current, ...next };
  for (const listener of listeners) listener();
}

export function signedOut(ended = false): void {
  setSession({ ...NOBODY, state: "signed-out", ended });
}

/** A 401 came back: the session is over, unless there was none. */
export function sessionEnded(): void {
  if (current.state === "signed-in") signedOut(true);
}

export function credentials(changes: boolean): Record<string, string> {
  return changes && current.csrf ? { "x-csrf-token": current.csrf } : {};
}

const RANK: Record<string, number> = { viewer: 1, operator: 2, admin: 3 };

/** Buttons that the server would refuse are not offered; the server decides all the same. */
export function may(role: "viewer" | "operator" | "admin"): boolean {
  return (RANK[current.role] ?? 0) >= (RANK[role] ?? 9);
}
