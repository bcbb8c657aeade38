import { type FormEvent, useState } from "react";
import { Navigate, useSearchParams } from "react-router";
import { ThemeChoice } from "../app/Shell";
import { signIn } from "../session/actions";
import { useSession } from "../session/useSession";
import { Mark } from "../ui/icons";
import { Field, described } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useTitle } from "../ui/useTitle";

export function SignInPage() {
  useTitle("Sign in");
  const session = useSession();
  const [search] = useSearchParams();
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);

  if (session.state === "signed-in") return <Navigate to={ownPath(search.get("back"))} replace />;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      await signIn(key);
    } catch (thrown) {
      setFault(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <div className="sign-in-panel">
        <p className="brand">
          <Mark />
          <span>StoreMax</span>
        </p>
        <h1>Sign in</h1>
        {session.ended && <p className="note">Your session has ended. Sign in to go on where you were.</p>}
        <form onSubmit={submit}>
          <Field id="key" label="API key" hint="The key is sent once and not kept: the browser holds a session cookie that scripts cannot read.">
            <input
              {...described("key", true, undefined)}
              type="password"
              autoComplete="current-password"
              spellCheck={false}
              required
              minLength={8}
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          </Field>
          <button type="submit" className="button primary wide" disabled={busy}>
            {busy ? "Signing in…" : "Sign in"}
          </button>
        </form>
        {fault !== null && <ProblemNote fault={fault} what="You are not signed in" />}
        <div className="sign-in-foot">
          <p className="hint">On your own machine, <code>make dev</code> prints the key. Otherwise an administrator makes one for you.</p>
          <ThemeChoice />
        </div>
      </div>
    </main>
  );
}

/** Only a path of this site: never an address that somebody put into a link. */
export function ownPath(back: string | null): string {
  return back && /^\/(?![/\\])/.test(back) ? back : "/";
}
