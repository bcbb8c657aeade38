import { useJobs } from "../api/queries";
import { may } from "../session/store";
import { Card, Empty, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { JobRows } from "./JobRows";
import { PlanForm } from "./PlanForm";
import { useSummary, useWarehouseId } from "./useParameters";

export function JobsPage() {
  const id = useWarehouseId();
  const summary = useSummary();
  const jobs = useJobs(id);
  const rows = jobs.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <div className="with-side">
      <Card title="Jobs">
        {jobs.isError && <ProblemNote fault={jobs.error} what="The jobs could not be read" onRetry={() => jobs.refetch()} />}
        {jobs.isPending && <Loading what="jobs" />}
        {jobs.isSuccess && rows.length === 0 && (
          <Empty title="No job has run here yet">
            <p>Plan the picking, and its plan, route by route, appears here.</p>
          </Empty>
        )}
        {rows.length > 0 && <JobRows warehouse={id} jobs={rows} />}
        {jobs.hasNextPage && (
          <button type="button" className="button" disabled={jobs.isFetchingNextPage} onClick={() => jobs.fetchNextPage()}>
            Show more
          </button>
        )}
      </Card>
      {may("operator") && (
        <Card title="Plan the picking">
          <PlanForm warehouse={id} orders={summary.orders_open} />
        </Card>
      )}
    </div>
  );
}
