import { useQuery } from "@tanstack/react-query";
import { call } from "../api/client";
import { paths } from "../api/paths";
import { ProblemNote } from "../ui/Problem";
import { Card, Loading } from "../ui/parts";

interface HealthReport {
  status: string;
  dependencies: Record<string, { status: string; ms: number; age_s: number | null; error?: string | null }>;
}

/** What the API depends on, and whether it answers. */
export function HealthCard() {
  const health = useQuery({
    queryKey: ["health"],
    queryFn: ({ signal }) => call<HealthReport>("GET", paths.healthReport(), { signal }),
    refetchInterval: 10_000,
  });
  const rows = Object.entries(health.data?.dependencies ?? {});
  return (
    <Card
      title="API"
      side={
        health.data && (
          <span className="pill" data-state={health.data.status === "ok" ? "succeeded" : "failed"}>
            {health.data.status}
          </span>
        )
      }
    >
      {health.isError && <ProblemNote fault={health.error} what="The API does not answer" onRetry={() => health.refetch()} />}
      {health.isPending && <Loading what="the API's health" rows={1} />}
      {rows.length > 0 && (
        <dl className="inline-figures">
          {rows.map(([name, dependency]) => (
            <div key={name}>
              <dt>{name.replaceAll("_", " ")}</dt>
              <dd>{dependency.status === "ok" ? `${Math.round(dependency.ms)} ms` : `failing${dependency.error ? `: ${dependency.error}` : ""}`}</dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}
