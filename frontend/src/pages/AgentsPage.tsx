import { useQuery } from "@tanstack/react-query";
import { call } from "../api/client";
import { pageOf } from "../api/pages";
import { paths } from "../api/paths";
import { Card, Empty, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useTitle } from "../ui/useTitle";

/** What the API tells of an agent; the shape differs by agent, so every plain member is shown. */
type Agent = Record<string, unknown>;

export function AgentsPage() {
  useTitle("System");
  const health = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => call<Record<string, unknown>>("GET", paths.health(), { signal }),
    refetchInterval: 10_000,
  });
  const agents = useQuery({
    queryKey: ["agents"],
    queryFn: async ({ signal }) => pageOf<Agent>(await call<unknown>("GET", paths.agents(), { signal })).rows,
    refetchInterval: 10_000,
  });
  return (
    <>
      <header className="page-head">
        <h1>System</h1>
      </header>
      <Card title="API">
        {health.isError ? <ProblemNote fault={health.error} what="The API does not answer" onRetry={() => health.refetch()} /> : <p>{health.data ? <><span className="pill" data-state="succeeded">{String(health.data["status"] ?? "ok")}</span> The API answers.</> : "Asking…"}</p>}
      </Card>
      <Card title="Agents">
        {agents.isError && <ProblemNote fault={agents.error} what="The agents could not be read" onRetry={() => agents.refetch()} />}
        {agents.isPending && <Loading what="agents" />}
        {agents.data?.length === 0 && <Empty title="No agent is known" />}
        {agents.data && agents.data.length > 0 && (
          <ul className="agents">
            {agents.data.map((agent, index) => (
              <li key={String(agent["agent"] ?? agent["id"] ?? agent["type"] ?? index)}>
                <h3>{String(agent["agent"] ?? agent["type"] ?? agent["id"] ?? agent["name"] ?? "agent")}</h3>
                <dl className="inline-figures">
                  {plainMembers(agent).map(([key, value]) => (
                    <div key={key}>
                      <dt>{key.replaceAll("_", " ")}</dt>
                      <dd>{value}</dd>
                    </div>
                  ))}
                </dl>
              </li>
            ))}
          </ul>
        )}
      </Card>
    </>
  );
}

function plainMembers(agent: Agent): [string, string][] {
  return Object.entries(agent)
    .filter(([key]) => !["agent", "type", "id", "name"].includes(key))
    .map(([key, value]): [string, string] => [key, Array.isArray(value) ? String(value.length) : String(value)])
    .filter(([, value]) => value !== "[object Object]" && value !== "null");
}
