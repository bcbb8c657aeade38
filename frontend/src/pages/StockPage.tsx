import { useDeferredValue, useState } from "react";
import { useStock } from "../api/queries";
import type { StockLineState } from "../api/types.gen";
import { count } from "../lib/format";
import { may } from "../session/store";
import { Card, Empty, Figure, Figures, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { StockChange } from "./StockChange";
import { useSummary, useWarehouseId } from "./useParameters";

const keyOf = (line: StockLineState) => `${line.zone}\n${line.location}\n${line.sku}`;

/** What lies where, and correcting it. */
export function StockPage() {
  const id = useWarehouseId();
  const summary = useSummary();
  const [zone, setZone] = useState("");
  const [location, setLocation] = useState("");
  const [sku, setSku] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const filter = { zone, location: useDeferredValue(location.trim()), sku: useDeferredValue(sku.trim()) };
  const stock = useStock(id, filter);
  const rows = stock.data?.pages.flatMap((page) => page.rows) ?? [];
  const filtered = Object.values(filter).some((value) => value !== "");

  return (
    <>
      <Figures>
        <Figure name="Pieces" value={count(summary.stock_quantity)} />
        <Figure name="Stock lines" value={count(summary.stock_lines)} note="a SKU at a location" />
        <Figure name="Zones" value={count(summary.zones.length)} />
        <Figure name="Locations" value={count(summary.locations)} />
      </Figures>
      <Card title="Stock">
        <div className="filters">
          <input type="search" aria-label="SKU, whole" placeholder="SKU" value={sku} onChange={(event) => setSku(event.target.value)} />
          <input type="search" aria-label="Location, whole" placeholder="Location" value={location} onChange={(event) => setLocation(event.target.value)} />
          <select aria-label="Zone" value={zone} onChange={(event) => setZone(event.target.value)}>
            <option value="">Every zone</option>
            {summary.zones.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </div>
        {stock.isError && <ProblemNote fault={stock.error} what="The stock could not be read" onRetry={() => stock.refetch()} />}
        {stock.isPending && <Loading what="stock" rows={6} />}
        {stock.isSuccess && rows.length === 0 && (
          <Empty title={filtered ? "Nothing lies there" : "The warehouse is empty"}>
            <p>{filtered ? "SKU and location must be written whole." : "Receive stock through the API, or give it when you create the warehouse."}</p>
          </Empty>
        )}
        {rows.length > 0 && (
          <div className="scroll" tabIndex={0} role="region" aria-label="Stock lines">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Location</th>
                  <th scope="col">SKU</th>
                  <th scope="col" className="number">
                    Pieces
                  </th>
                  <th scope="col" className="number">
                    Reserved
                  </th>
                  <th scope="col" className="number">
                    Available
                  </th>
                  <th scope="col" className="wide-only">
                    Zone
                  </th>
                  {may("operator") && (
                    <th scope="col">
                      <span className="visually-hidden">Actions</span>
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {rows.map((line) => (
                  <StockRow
                    key={keyOf(line)}
                    warehouse={id}
                    line={line}
                    open={chosen === keyOf(line)}
                    onToggle={() => setChosen((was) => (was === keyOf(line) ? null : keyOf(line)))}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
        {stock.hasNextPage && (
          <button type="button" className="button" disabled={stock.isFetchingNextPage} onClick={() => stock.fetchNextPage()}>
            {stock.isFetchingNextPage ? "Reading…" : `Show more (${count(rows.length)} shown)`}
          </button>
        )}
      </Card>
    </>
  );
}

function StockRow({ warehouse, line, open, onToggle }: { warehouse: string; line: StockLineState; open: boolean; onToggle: () => void }) {
  return (
    <>
      <tr data-active={open}>
        <th scope="row" className="mono">
          {line.location}
        </th>
        <td className="mono">{line.sku}</td>
        <td className="number">{count(line.quantity)}</td>
        <td className="number">{count(line.reserved)}</td>
        <td className="number">{count(line.available)}</td>
        <td className="wide-only">{line.zone}</td>
        {may("operator") && (
          <td className="number">
            <button type="button" className="button small" aria-expanded={open} onClick={onToggle}>
              Change
              <span className="visually-hidden">
                {" "}
                {line.sku} at {line.location}
              </span>
            </button>
          </td>
        )}
      </tr>
      {open && (
        <tr>
          <td colSpan={7}>
            <StockChange warehouse={warehouse} line={line} onDone={onToggle} />
          </td>
        </tr>
      )}
    </>
  );
}
