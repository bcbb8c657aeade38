import { useMemo, useState } from "react";
import type { BatchingResult, Layout } from "../api/queries";
import type { Batch } from "../api/types.gen";
import { FloorPlan } from "../floor/FloorPlan";
import { useWalk } from "../floor/useWalk";
import { count, duration, metres, plural } from "../lib/format";
import { Card } from "../ui/parts";
import { Icon } from "../ui/icons";

const ROWS = 50;
type Order = "plan" | "distance" | "stops";

/** The plan on the floor: choose a batch, see its walk and its stops. */
export function BatchBoard({ result, layout }: { result: BatchingResult; layout: Layout }) {
  const { batches } = result.solution;
  const [chosen, setChosen] = useState<string | null>(batches[0]?.id ?? null);
  const [heat, setHeat] = useState(false);
  const [stop, setStop] = useState<number | null>(null);
  const batch = batches.find((some) => some.id === chosen);
  const walk = useWalk(batch?.distance_m ?? 0, chosen ?? "");

  const label = batch
    ? `Floor plan with the route of batch ${batch.id}: ${plural(batch.stops.length, "stop")}, ${metres(batch.distance_m)}`
    : "Floor plan";
  return (
    <div className="board">
      <Card
        title={batch ? `Batch ${batch.id}` : "Floor"}
        className="board-floor"
        side={
          <label className="check">
            <input type="checkbox" checked={heat} onChange={(event) => setHeat(event.target.checked)} /> Busy bays
          </label>
        }
      >
        <FloorPlan layout={layout} label={label} batch={batch} heat={heat ? batches : undefined} walked={walk.walked} stop={stop} onStop={setStop}>
          {batch && (
            <div className="walk">
              <button type="button" className="button small" onClick={walk.toggle}>
                <Icon name={walk.playing ? "pause" : "play"} />
                {walk.playing ? "Pause" : "Walk it"}
              </button>
              <input
                type="range"
                aria-label="Place along the route"
                aria-valuetext={metres(walk.walked ?? batch.distance_m)}
                min={0}
                max={batch.distance_m}
                step="any"
                value={walk.walked ?? batch.distance_m}
                onChange={(event) => walk.seek(Number(event.target.value))}
              />
              <output className="number">{`${metres(walk.walked ?? batch.distance_m)} of ${metres(batch.distance_m)}`}</output>
            </div>
          )}
        </FloorPlan>
        {batch && <Stops batch={batch} stop={stop} onStop={setStop} />}
      </Card>
      <BatchTable batches={batches} chosen={chosen} onChoose={setChosen} />
    </div>
  );
}

function Stops({ batch, stop, onStop }: { batch: Batch; stop: number | null; onStop: (stop: number | null) => void }) {
  return (
    <>
      <p className="muted small">
        {plural(batch.orders.length, "order")}: {batch.orders.slice(0, 12).join(", ")}
        {batch.orders.length > 12 && ` and ${batch.orders.length - 12} more`} · {duration(batch.seconds)}
      </p>
      <div className="scroll stops" tabIndex={0} role="region" aria-label="Stops in walking order">
        <table className="table compact">
          <thead>
            <tr>
              <th scope="col" className="number">Stop</th>
              <th scope="col">Location</th>
              <th scope="col">SKU</th>
              <th scope="col" className="number">Pieces</th>
            </tr>
          </thead>
          <tbody>
            {batch.stops.map((place, index) => (
              <tr
                key={`${index} ${place.location} ${place.sku}`}
                data-active={stop === index + 1}
                onPointerEnter={() => onStop(index + 1)}
                onPointerLeave={() => onStop(null)}
              >
                <td className="number">{index + 1}</td>
                <td className="mono">{place.location}</td>
                <td className="mono">{place.sku}</td>
                <td className="number">{count(place.quantity)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface BatchTableProps {
  batches: readonly Batch[];
  chosen: string | null;
  onChoose: (id: string) => void;
}

function BatchTable({ batches, chosen, onChoose }: BatchTableProps) {
  const [order, setOrder] = useState<Order>("plan");
  const [search, setSearch] = useState("");
  const [page, setPage] = useState(0);
  const rows = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    const found = batches.filter((batch) => !wanted || `${batch.id} ${batch.orders.join(" ")}`.toLowerCase().includes(wanted));
    if (order === "distance") found.sort((a, b) => b.distance_m - a.distance_m);
    if (order === "stops") found.sort((a, b) => b.stops.length - a.stops.length);
    return found;
  }, [batches, order, search]);
  const pages = Math.max(1, Math.ceil(rows.length / ROWS));
  const at = Math.min(page, pages - 1);

  return (
    <Card title={plural(batches.length, "batch", "batches")} className="board-batches">
      <div className="batch-tools">
        <input type="search" aria-label="Find a batch or an order" placeholder="Batch or order" value={search} onChange={(event) => setSearch(event.target.value)} />
        <select aria-label="Sort batches" value={order} onChange={(event) => setOrder(event.target.value as Order)}>
          <option value="plan">As planned</option>
          <option value="distance">Longest walk first</option>
          <option value="stops">Most stops first</option>
        </select>
      </div>
      <div className="scroll batches" tabIndex={0} role="region" aria-label="Batches">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Batch</th>
              <th scope="col" className="number">Orders</th>
              <th scope="col" className="number">Stops</th>
              <th scope="col" className="number">Walk</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(at * ROWS, (at + 1) * ROWS).map((batch) => (
              <tr key={batch.id} data-active={batch.id === chosen}>
                <td>
                  <button type="button" className="row-button" aria-pressed={batch.id === chosen} onClick={() => onChoose(batch.id)}>
                    {batch.id}
                  </button>
                </td>
                <td className="number">{count(batch.orders.length)}</td>
                <td className="number">{count(batch.stops.length)}</td>
                <td className="number">{metres(batch.distance_m)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pages > 1 && (
        <div className="pager">
          <button type="button" className="button small" disabled={at === 0} onClick={() => setPage(at - 1)}>Before</button>
          <span>{`${at + 1} of ${pages}`}</span>
          <button type="button" className="button small" disabled={at === pages - 1} onClick={() => setPage(at + 1)}>Next</button>
        </div>
      )}
    </Card>
  );
}
