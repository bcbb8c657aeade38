import { Link } from "react-router";
import { isBatching, useResult } from "../api/queries";
import { count, metres, plural } from "../lib/format";
import { Empty, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useTitle } from "../ui/useTitle";
import { useJobId, useWarehouseId } from "./useParameters";

/** One sheet a batch, to tick off on paper. */
export function PickListsPage() {
  const [warehouse, job] = [useWarehouseId(), useJobId()];
  useTitle("Pick lists");
  const result = useResult(warehouse, job, true);
  if (result.isError) return <ProblemNote fault={result.error} what="The plan could not be read" onRetry={() => result.refetch()} />;
  if (!result.data) return <Loading what="the plan" rows={6} />;
  if (!isBatching(result.data)) return <Empty title="This plan has no pick lists" />;
  return (
    <>
      <header className="page-head no-print">
        <h1>Pick lists</h1>
        <div className="actions">
          <Link className="button" to={`/w/${encodeURIComponent(warehouse)}/jobs/${encodeURIComponent(job)}`}>
            Back to the plan
          </Link>
          <button type="button" className="button primary" onClick={() => window.print()}>
            Print
          </button>
        </div>
      </header>
      {result.data.solution.batches.map((batch) => (
        <section key={batch.id} className="sheet">
          <header>
            <h2>Batch {batch.id}</h2>
            <p>
              {plural(batch.orders.length, "order")} · {plural(batch.stops.length, "stop")} · {metres(batch.distance_m)} · {warehouse}
            </p>
            <p className="small">Orders: {batch.orders.join(", ")}</p>
          </header>
          <table className="table compact">
            <thead>
              <tr>
                <th scope="col" className="number">Stop</th>
                <th scope="col">Location</th>
                <th scope="col">SKU</th>
                <th scope="col" className="number">Pieces</th>
                <th scope="col">Done</th>
              </tr>
            </thead>
            <tbody>
              {batch.stops.map((stop, index) => (
                <tr key={`${index} ${stop.location} ${stop.sku}`}>
                  <td className="number">{index + 1}</td>
                  <td className="mono">{stop.location}</td>
                  <td className="mono">{stop.sku}</td>
                  <td className="number">{count(stop.quantity)}</td>
                  <td>
                    <span className="tick" aria-hidden="true" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </>
  );
}
