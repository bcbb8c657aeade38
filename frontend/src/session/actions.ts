import { call } from "../api/client";
import { asProblem } from "../api/problem";
import { setSession, signedOut } from "./store";

interface SessionInfo {
  tenant: string;
  subject: string;
  role: string;
  csrf_token: string;
}

/** Is there a session behind the cookie? Asked once, at start. A failure other than a 401 is the caller's to show. */
export async function resume(): Promise<void> {
  try {
    enter(await call<SessionInfo>("GET", "/v1/sessions/current"));
  } catch (fault) {
    const { status } = asProblem(fault);
    if (status !== 401 && status !== 404) throw fault;
    signedOut();
  }
}

export async function signIn(apiKey: string): Promise<void> {
  enter(await call<SessionInfo>("POST", "/v1/sessions", { body: { api_key: apiKey.trim() } }));
}

export async function signOut(): Promise<void> {
  await call<void>("DELETE", "/v1/sessions/current");
  signedOut();
}

function enter(info: SessionInfo): void {
  const { tenant, subject, role, csrf_token } = info;
  setSession({ state: "signed-in", csrf: csrf_token, tenant, subject, role, ended: false });
}
