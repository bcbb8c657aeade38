import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { call } from "../api/client";
import { paths } from "../api/paths";
import type { AgentInstance, AgentList, AgentListing } from "../api/types.gen";
import { ago, count, plural } from "../lib/format";
import { may } from "../session/store";
import { Card, Empty, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useTitle } from "../ui/useTitle";
import { HealthCard } from "./HealthCard";

const NAMES: Record<string, string> = {
  optimizer: "Optimizer",
  sync: "Sync",
  "warehouse-manager": "Warehouse manager",
};

/** Who works behind the API: what the supervisor of the installation looks at when something is slow. */
export function AgentsPage() {
  useTitle("System");
  const agents = useQuery({
    queryKey: ["agents"],
    queryFn: ({ signal }) => call<AgentList>("GET", paths.agents(), { signal }),
    refetchInterval: 5_000,
  });
  return (
    <>
      <header className="page-head">
        <h1>System</h1>
      </header>
      <HealthCard />
      {agents.isError && <ProblemNote fault={agents.error} what="The agents could not be read" onRetry={() => agents.refetch()} />}
      {agents.isPending && (
        <Card title="Agents">
          <Loading what="agents" />
        </Card>
      )}
      {agents.data?.agents.map((agent) => <AgentCard key={agent.type} agent={agent} />)}
    </>
  );
}

function AgentCard({ agent }: { agent: AgentListing }) {
  const alive = agent.instances.filter((instance) => instance.status !== "stopped");
  const rest = agent.instances.filter((instance) => instance.status === "stopped");
  return (
    <Card title={NAMES[agent.type] ?? agent.type} side={<span className="muted">{`${count(agent.occupied)} of ${plural(agent.max_instances, "instance")} in use`}</span>}>
      {agent.stale && <p role="status">The directory does not answer: this is its copy of {ago(agent.at ? new Date(agent.at * 1000).toISOString() : null)}.</p>}
      {agent.instances.length === 0 ? (
        <Empty title="Asleep">
          <p>An instance starts with the next request that needs it.</p>
        </Empty>
      ) : (
        <InstanceTable agent={agent.type} instances={[...alive, ...rest]} />
      )}
    </Card>
  );
}

function InstanceTable({ agent, instances }: { agent: string; instances: readonly AgentInstance[] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`Instances of ${NAMES[agent] ?? agent}`}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Session</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Requests now
            </th>
            <th scope="col" className="wide-only">
              Since
            </th>
            <th scope="col" className="wide-only">
              Incarnation
            </th>
            <th scope="col">Last end</th>
            {may("operator") && (
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {instances.map((instance) => (
            <tr key={instance.session}>
              <th scope="row">{instance.session}</th>
              <td>
                <span className="pill" data-state={tone(instance)}>
                  {instance.breaker === "open" ? "crash loop" : instance.status}
                </span>
              </td>
              <td className="number">{count(instance.load)}</td>
              <td className="wide-only">{ago(instance.since ? new Date(instance.since * 1000).toISOString() : null)}</td>
              <td className="wide-only mono">{instance.incarnation.slice(0, 8) || "–"}</td>
              <td>{lastEnd(instance)}</td>
              {may("operator") && <td className="number">{instance.status !== "stopped" && <StopButton agent={agent} session={instance.session} />}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function StopButton({ agent, session }: { agent: string; session: string }) {
  const client = useQueryClient();
  const stop = useMutation({
    mutationFn: () => call<unknown>("POST", paths.stopAgent(agent, session)),
    onSettled: () => client.invalidateQueries({ queryKey: ["agents"] }),
  });
  return (
    <>
      <button type="button" className="button small" disabled={stop.isPending} onClick={() => stop.mutate()}>
        {stop.isPending ? "Stopping…" : "Stop"}
        <span className="visually-hidden"> {session}</span>
      </button>
      {stop.isError && <ProblemNote fault={stop.error} what="It could not be stopped" />}
    </>
  );
}

function tone(instance: AgentInstance): string {
  if (instance.breaker === "open") return "failed";
  if (instance.status === "healthy") return "succeeded";
  return instance.status === "stopped" ? "cancelled" : "running";
}

function lastEnd(instance: AgentInstance): string {
  if (instance.exit_code === null && !instance.reason) return "–";
  const code = instance.exit_code === null ? "" : `exit code ${instance.exit_code}`;
  return [code, instance.reason].filter(Boolean).join(", ");
}
