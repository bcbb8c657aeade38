import { Link } from "react-router";
import { useJobs, useLayout } from "../api/queries";
import { FloorPlan } from "../floor/FloorPlan";
import { count, plural, share } from "../lib/format";
import { may } from "../session/store";
import { Card, Figure, Figures, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { JobRows } from "./JobRows";
import { PlanForm } from "./PlanForm";
import { savedShare } from "./saving";
import { useSummary, useWarehouseId } from "./useParameters";

export function OverviewPage() {
  const id = useWarehouseId();
  const summary = useSummary();
  const layout = useLayout(id);
  const jobs = useJobs(id);
  const recent = jobs.data?.pages[0]?.rows ?? [];
  const last = recent.find((job) => job.state === "succeeded" && job.best);

  return (
    <>
      <Figures>
        <Figure name="Open orders" value={count(summary.orders_open)} note={plural(summary.order_lines_open, "line")} />
        <Figure name="Items" value={count(summary.items)} note={`${count(summary.stock_quantity)} pieces in stock`} />
        <Figure name="Locations" value={count(summary.locations)} note={`${plural(summary.zones.length, "zone")}, ${plural(summary.stock_lines, "stock line")}`} />
        <Figure
          name="Last plan"
          value={last?.best ? share(savedShare(last.best)) : "–"}
          note={last?.best ? "less walking than first come, first served" : "nothing planned yet"}
          tone={last?.best ? "good" : undefined}
        />
      </Figures>
      <div className="overview">
        <Card title="Floor" className="overview-floor">
          {layout.isError && <ProblemNote fault={layout.error} what="The layout could not be read" onRetry={() => layout.refetch()} />}
          {layout.isPending && <Loading what="the floor" rows={6} />}
          {layout.data && (
            <FloorPlan layout={layout.data} label={`Floor plan of ${summary.name || id}: ${plural(summary.locations, "location")} in ${plural(summary.zones.length, "zone")}`} />
          )}
        </Card>
        <div className="overview-side">
          {may("operator") && (
            <Card title="Plan the picking">
              <PlanForm warehouse={id} orders={summary.orders_open} />
            </Card>
          )}
          <Card title="Latest jobs" side={recent.length > 0 && <Link to="jobs">All jobs</Link>}>
            {jobs.isError && <ProblemNote fault={jobs.error} what="The jobs could not be read" onRetry={() => jobs.refetch()} />}
            {jobs.isPending && <Loading what="jobs" />}
            {jobs.isSuccess && recent.length === 0 && <p className="muted">No job has run here yet.</p>}
            {recent.length > 0 && <JobRows warehouse={id} jobs={recent.slice(0, 5)} brief />}
          </Card>
        </div>
      </div>
    </>
  );
}
