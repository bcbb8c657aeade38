import { useEffect, useRef, useState } from "react";
import { Link, NavLink, Navigate, Outlet, useLocation, useNavigation } from "react-router";
import { resume, signOut } from "../session/actions";
import { useSession } from "../session/useSession";
import { Boundary } from "../ui/Boundary";
import { Icon, Mark } from "../ui/icons";
import { Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { type Theme, chooseTheme, chosenTheme } from "../ui/theme";

/** The frame of every page behind the sign-in. */
export function Shell() {
  const session = useSession();
  const location = useLocation();
  const navigation = useNavigation();
  const [fault, setFault] = useState<unknown>(null);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  const start = () => {
    setFault(null);
    resume().catch(setFault);
  };
  const unknown = session.state === "unknown";
  useEffect(() => {
    if (unknown) start();
  }, [unknown]);

  useEffect(() => {
    // A new page begins at its top, and a screen reader hears of it.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    window.scrollTo(0, 0);
  }, [location.pathname]);

  if (session.state === "signed-out") {
    const back = location.pathname + location.search;
    return <Navigate to={back === "/" ? "/sign-in" : `/sign-in?back=${encodeURIComponent(back)}`} replace />;
  }
  return (
    <div className="shell" data-busy={navigation.state !== "idle"}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <TopBar />
      <main id="main" ref={main} tabIndex={-1} className="page">
        {fault !== null && <ProblemNote fault={fault} what="The session could not be checked" onRetry={start} />}
        {unknown && fault === null && <Loading what="the session" />}
        {session.state === "signed-in" && (
          <Boundary key={location.pathname}>
            <Outlet />
          </Boundary>
        )}
      </main>
    </div>
  );
}

function TopBar() {
  const session = useSession();
  const [fault, setFault] = useState<unknown>(null);
  return (
    <header className="topbar">
      <div className="topbar-inner">
        <Link to="/" className="brand" aria-label="StoreMax, all warehouses">
          <Mark />
          <span>StoreMax</span>
        </Link>
        <nav aria-label="Main">
          <NavLink to="/" end>
            <Icon name="warehouses" />
            Warehouses
          </NavLink>
          <NavLink to="/agents">
            <Icon name="agents" />
            System
          </NavLink>
        </nav>
        <div className="topbar-side">
          {session.state === "signed-in" && (
            <span className="who">
              {session.tenant} <span className="role">{session.role}</span>
            </span>
          )}
          <ThemeChoice />
          {session.state === "signed-in" && (
            <button type="button" className="button quiet small" onClick={() => signOut().catch(setFault)}>
              Sign out
            </button>
          )}
        </div>
      </div>
      {fault !== null && <ProblemNote fault={fault} what="You are still signed in" />}
    </header>
  );
}

export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(chosenTheme);
  return (
    <select
      className="theme-choice"
      aria-label="Colours"
      value={theme}
      onChange={(event) => {
        const next = event.target.value as Theme;
        chooseTheme(next);
        setTheme(next);
      }}
    >
      <option value="system">Auto</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
}
