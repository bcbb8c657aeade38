import { Link } from "react-router";
import type { JobStatus } from "../api/types.gen";
import { ago, duration, inUnit, instant, share } from "../lib/format";
import { StatePill } from "../ui/parts";
import { savedShare } from "./saving";

/** Jobs as a table, the newest first. */
export function JobRows({ warehouse, jobs, brief = false }: { warehouse: string; jobs: readonly JobStatus[]; brief?: boolean }) {
  return (
    <div className="scroll" tabIndex={brief ? -1 : 0} role="region" aria-label="Jobs">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Best plan
            </th>
            <th scope="col" className="number">
              Saved
            </th>
            {!brief && (
              <>
                <th scope="col" className="number wide-only">
                  Took
                </th>
                <th scope="col" className="wide-only">
                  Started
                </th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>
                <Link to={`/w/${encodeURIComponent(warehouse)}/jobs/${encodeURIComponent(job.id)}`}>{jobName(job)}</Link>
                <div className="muted small">{ago(job.created_at)}</div>
              </td>
              <td>
                <StatePill state={job.state} />
              </td>
              <td className="number">{job.best ? inUnit(job.best.objective, job.best.unit) : "–"}</td>
              <td className="number">{job.best ? share(savedShare(job.best)) : "–"}</td>
              {!brief && (
                <>
                  <td className="number wide-only">{duration(seconds(job))}</td>
                  <td className="wide-only">{instant(job.created_at)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const FAMILIES: Record<string, string> = {
  batching: "Pick batches",
  cartonization: "Pack cartons",
  labour: "Plan the shift",
  replenishment: "Replenish",
  reslotting: "Move items",
  routing: "Plan routes",
  scenario: "Compare scenarios",
  slotting: "Assign slots",
};

export function jobName(job: JobStatus): string {
  return job.label || FAMILIES[job.problem] || job.problem.replaceAll("_", " ");
}

function seconds(job: JobStatus): number | null {
  if (!job.started_at || !job.finished_at) return null;
  return (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
}
