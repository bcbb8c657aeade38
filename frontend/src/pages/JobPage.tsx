import { useMemo } from "react";
import { Link } from "react-router";
import { download } from "../api/client";
import { paths } from "../api/paths";
import { Problem, type ProblemDocument } from "../api/problem";
import { isBatching, isFinal, isLabour, useCancelJob, useJob, useLayout, useResult } from "../api/queries";
import type { JobStatus } from "../api/types.gen";
import { useJobFeed } from "../api/useJobFeed";
import { IncumbentChart } from "../charts/IncumbentChart";
import { timelineOf } from "../charts/timeline";
import { ago, count, duration, inUnit, plural, share } from "../lib/format";
import { may } from "../session/store";
import { ActionButton } from "../ui/ActionButton";
import { Card, Figure, Figures, Loading, StatePill } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useNow } from "../ui/useNow";
import { useTitle } from "../ui/useTitle";
import { BatchBoard } from "./BatchBoard";
import { jobName } from "./JobRows";
import { LabourBoard } from "./LabourBoard";
import { PlanParts } from "./PlanParts";
import { ReleaseWave } from "./ReleaseWave";
import { useJobId, useWarehouseId } from "./useParameters";

const FEED = { connecting: "Connecting…", live: "Live", waiting: "Reconnecting…", closed: "" } as const;

export function JobPage() {
  const [warehouse, id] = [useWarehouseId(), useJobId()];
  const feed = useJobFeed(warehouse, id);
  const job = useJob(warehouse, id, feed.state === "live");
  const done = job.data?.state === "succeeded";
  const result = useResult(warehouse, id, done);
  const layout = useLayout(warehouse);
  const timeline = useMemo(() => timelineOf(feed.events), [feed.events]);
  useTitle(job.data ? jobName(job.data) : "Job");

  if (job.isError && !job.data) return <ProblemNote fault={job.error} what="The job could not be read" onRetry={() => job.refetch()} />;
  if (!job.data) return <Loading what="the job" rows={6} />;
  const status = job.data;
  const running = !isFinal(status.state);
  const unit = status.best?.unit || result.data?.objective.unit || "m";
  const best = result.data?.objective.value ?? timeline.points.at(-1)?.objective ?? status.best?.objective ?? null;
  const baseline = result.data?.baseline.value ?? status.best?.baseline ?? null;
  const bound = result.data?.bound.value ?? timeline.points.at(-1)?.bound ?? status.best?.bound ?? null;

  return (
    <>
      <nav className="crumbs" aria-label="Breadcrumb">
        <Link to={`/w/${encodeURIComponent(warehouse)}`}>{warehouse}</Link> / <Link to={`/w/${encodeURIComponent(warehouse)}/jobs`}>Jobs</Link>
      </nav>
      <header className="page-head">
        <div>
          <h1>{jobName(status)}</h1>
          <p className="muted job-line">
            <StatePill state={status.state} /> started {ago(status.created_at)}
            {status.attempt > 1 && ` · attempt ${status.attempt}`}
            {running && <span className="feed" data-feed={feed.state}>{FEED[feed.state]}</span>}
          </p>
        </div>
        <Actions warehouse={warehouse} status={status} lists={result.data !== undefined && isBatching(result.data)} />
      </header>
      {status.error && <ProblemNote fault={problemFrom(status.error)} what="The job failed" />}
      {job.isError && <ProblemNote fault={job.error} what="What you see may be old" />}
      <Figures>
        <Figure
          name={running ? "Best plan so far" : "Plan"}
          value={inUnit(best, unit)}
          note={baseline === null ? "" : `instead of ${inUnit(baseline, unit)}`}
          tone="accent"
        />
        <Figure
          name="Saved"
          value={baseline && best !== null ? share((baseline - best) / baseline) : "–"}
          note={baseline && best !== null ? `${inUnit(baseline - best, unit)} less than ${result.data?.baseline.method ?? "what is done today"}` : "against what is done today"}
          tone={baseline && best !== null && best < baseline ? "good" : undefined}
        />
        <Figure
          name="Proven limit"
          value={bound === null ? "–" : inUnit(bound, unit)}
          note={bound !== null && best ? `at most ${share((best - bound) / best)} left to gain` : (result.data?.bound.reason ?? "")}
        />
        <Elapsed status={status} incumbents={timeline.points.length || (status.best?.incumbents ?? 0)} />
      </Figures>
      <p className="visually-hidden" role="status">
        {running ? `Running; ${plural(timeline.points.length, "better plan")} so far` : `The job is over: ${status.state}`}
      </p>
      <Card title="Better plans over time">
        {timeline.points.length === 0 ? (
          <p className="muted">{running ? "The first plan is on its way." : "No plans were recorded."}</p>
        ) : (
          <IncumbentChart
            timeline={timeline}
            baseline={unit === "m" || baseline !== null ? baseline : null}
            bound={bound}
            unit={unit}
            elapsed={timeline.points.at(-1)?.seconds ?? 0}
            live={running}
          />
        )}
      </Card>
      {done && result.isError && <ProblemNote fault={result.error} what="The plan could not be read" onRetry={() => result.refetch()} />}
      {layout.isError && <ProblemNote fault={layout.error} what="The layout could not be read" onRetry={() => layout.refetch()} />}
      {done && result.isPending && <Loading what="the plan" rows={5} />}
      {result.data && isBatching(result.data) && layout.data && <BatchBoard result={result.data} layout={layout.data} />}
      {result.data && isLabour(result.data) && <LabourBoard solution={result.data.solution} />}
      {result.data && !isBatching(result.data) && <PlanParts result={result.data} />}
      {result.data && result.data.unassigned.length > 0 && (
        <Card title={`Left out (${count(result.data.unassigned.length)})`}>
          <div className="scroll" tabIndex={0} role="region" aria-label="Left out">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col">Why</th>
                  <th scope="col">What would cure it</th>
                </tr>
              </thead>
              <tbody>
                {result.data.unassigned.slice(0, 500).map((left) => (
                  <tr key={`${left.id} ${left.reason}`}>
                    <th scope="row">{left.id}</th>
                    <td>{left.detail}</td>
                    <td>{left.smallest_change || "–"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Card>
      )}
      {result.data && (
        <p className="muted small">
          Seed {result.data.seed} · {count(result.data.iterations)} iterations · stopped by {result.data.stopped_by} · baseline: {result.data.baseline.method}
        </p>
      )}
    </>
  );
}

function Elapsed({ status, incumbents }: { status: JobStatus; incumbents: number }) {
  const running = !isFinal(status.state);
  const now = useNow(500, running);
  const from = status.started_at ?? status.created_at;
  const until = status.finished_at ? Date.parse(status.finished_at) : now;
  return <Figure name="Time" value={duration(Math.max(0, (until - Date.parse(from)) / 1000))} note={plural(incumbents, "better plan")} />;
}

function Actions({ warehouse, status, lists }: { warehouse: string; status: JobStatus; lists: boolean }) {
  const cancel = useCancelJob(warehouse, status.id);
  return (
    <div className="actions">
      {!isFinal(status.state) && may("operator") && (
        <button type="button" className="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          Cancel the job
        </button>
      )}
      {cancel.isError && <ProblemNote fault={cancel.error} what="The job was not cancelled" />}
      {lists && (
        <>
          <ActionButton
            className="button primary"
            icon="download"
            label="Pick lists (CSV)"
            act={() => download(paths.pickLists(warehouse, status.id), "text/csv", `pick-lists-${status.id.slice(0, 12)}.csv`)}
          />
          <Link className="button" to="pick-lists">
            Print pick lists
          </Link>
          {may("operator") && <ReleaseWave warehouse={warehouse} job={status} />}
        </>
      )}
      {status.links["report"] && status.state === "succeeded" && (
        <a className="button" href={`/api${paths.report(warehouse, status.id)}`} target="_blank" rel="noreferrer">
          Report
        </a>
      )}
    </div>
  );
}

function problemFrom(document: Record<string, unknown>): Problem {
  return new Problem(document as ProblemDocument);
}
