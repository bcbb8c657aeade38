import { useState } from "react";
import { Link } from "react-router";
import { useReleaseWave } from "../api/queries";
import type { JobStatus } from "../api/types.gen";
import { plural } from "../lib/format";
import { ProblemNote } from "../ui/Problem";

/** Hand a plan to the floor: its batches become pick tasks. Releasing the same wave again adds nothing. */
export function ReleaseWave({ warehouse, job }: { warehouse: string; job: JobStatus }) {
  const [wave] = useState(() => `W-${job.id.slice(0, 8)}`);
  const release = useReleaseWave(warehouse);
  if (release.data) {
    const { created, known } = release.data;
    return (
      <p className="note good" role="status">
        Wave {release.data.wave}: {plural(created, "task")} for pickers{known > 0 && `, ${known} were there before`}.{" "}
        <Link to={`/w/${encodeURIComponent(warehouse)}/tasks`}>See the tasks</Link>
      </p>
    );
  }
  return (
    <>
      <button type="button" className="button" disabled={release.isPending} onClick={() => release.mutate({ wave, job: job.id })}>
        {release.isPending ? "Releasing…" : "Release to pickers"}
      </button>
      {release.isError && <ProblemNote fault={release.error} what="The wave was not released" />}
    </>
  );
}
