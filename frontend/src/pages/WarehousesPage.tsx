import { useState } from "react";
import { Link } from "react-router";
import { useWarehouses } from "../api/queries";
import { ago, count } from "../lib/format";
import { may } from "../session/store";
import { Card, Empty, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useTitle } from "../ui/useTitle";

const SEARCH_FROM = 8;

export function WarehousesPage() {
  useTitle("Warehouses");
  const warehouses = useWarehouses();
  const [search, setSearch] = useState("");
  const rows = warehouses.data?.pages.flatMap((page) => page.rows) ?? [];
  const wanted = search.trim().toLowerCase();
  const shown = rows.filter((row) => `${row.id} ${row.name}`.toLowerCase().includes(wanted));

  return (
    <>
      <header className="page-head">
        <h1>Warehouses</h1>
        {may("operator") && (
          <Link className="button primary" to="/new">
            New warehouse
          </Link>
        )}
      </header>
      {warehouses.isError && <ProblemNote fault={warehouses.error} what="The warehouses could not be read" onRetry={() => warehouses.refetch()} />}
      {warehouses.isPending && <Loading what="warehouses" />}
      {warehouses.isSuccess && rows.length === 0 && (
        <Empty title="No warehouse yet">
          <p>
            {may("operator") ? (
              <>
                Draw one under <Link to="/new">New warehouse</Link>, post one to the API, or run <code>make demo</code>.
              </>
            ) : (
              "Somebody with the role operator can add one."
            )}
          </p>
        </Empty>
      )}
      {rows.length >= SEARCH_FROM && (
        <input
          type="search"
          className="search"
          aria-label="Find a warehouse"
          placeholder="Find a warehouse"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      <ul className="warehouse-list">
        {shown.map((row) => (
          <li key={row.id}>
            <Card>
              <div className="warehouse-name">
                <h2>
                  <Link className="cover" to={`/w/${encodeURIComponent(row.id)}`}>
                    {row.name || row.id}
                  </Link>
                </h2>
                <p className="muted">
                  {row.id} · changed {ago(row.updated_at)}
                </p>
              </div>
              <dl className="inline-figures">
                <div>
                  <dt>Open orders</dt>
                  <dd>{count(row.orders_open)}</dd>
                </div>
                <div>
                  <dt>Order lines</dt>
                  <dd>{count(row.order_lines_open)}</dd>
                </div>
                <div>
                  <dt>Locations</dt>
                  <dd>{count(row.locations)}</dd>
                </div>
                <div>
                  <dt>Items</dt>
                  <dd>{count(row.items)}</dd>
                </div>
              </dl>
            </Card>
          </li>
        ))}
      </ul>
      {rows.length > 0 && shown.length === 0 && <Empty title={`No warehouse is called “${search}”`} />}
      {warehouses.hasNextPage && (
        <button type="button" className="button" disabled={warehouses.isFetchingNextPage} onClick={() => warehouses.fetchNextPage()}>
          Show more
        </button>
      )}
    </>
  );
}
