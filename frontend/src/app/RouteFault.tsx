import { useRouteError } from "react-router";
import { ProblemNote } from "../ui/Problem";

/** Also reached when a new version was deployed and this page's chunk is gone: loading again cures it. */
export function RouteFault() {
  return (
    <main className="page">
      <ProblemNote fault={useRouteError()} what="The page could not be opened" onRetry={() => location.reload()} />
    </main>
  );
}
