import { useState } from "react";
import { Link } from "react-router";
import { useOrders } from "../api/queries";
import type { Order } from "../api/types.gen";
import { count, instant, plural } from "../lib/format";
import { Card, Empty, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useSummary, useWarehouseId } from "./useParameters";

export function OrdersPage() {
  const id = useWarehouseId();
  const summary = useSummary();
  const orders = useOrders(id);
  const [search, setSearch] = useState("");
  const rows = orders.data?.pages.flatMap((page) => page.rows) ?? [];
  const wanted = search.trim().toLowerCase();
  const shown = wanted
    ? rows.filter((order) => order.id.toLowerCase().includes(wanted) || order.lines.some((line) => line.sku.toLowerCase().includes(wanted)))
    : rows;

  return (
    <Card
      title={`Open orders (${count(summary.orders_open)})`}
      side={<Link className="button small" to="../import">Import order lines</Link>}
    >
      {orders.isError && <ProblemNote fault={orders.error} what="The orders could not be read" onRetry={() => orders.refetch()} />}
      {orders.isPending && <Loading what="orders" rows={6} />}
      {orders.isSuccess && rows.length === 0 && (
        <Empty title="No open orders">
          <p>
            Bring them in as a CSV file of order lines under <Link to="../import">Import</Link>, or post them to the API.
          </p>
        </Empty>
      )}
      {rows.length > 0 && (
        <>
          <input
            type="search"
            className="search"
            aria-label="Find among the orders shown"
            placeholder="Order or SKU"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <OrderTable orders={shown} />
          {shown.length === 0 && <p className="muted">None of the {plural(rows.length, "order")} shown has it.</p>}
        </>
      )}
      {orders.hasNextPage && (
        <button type="button" className="button" disabled={orders.isFetchingNextPage} onClick={() => orders.fetchNextPage()}>
          {orders.isFetchingNextPage ? "Reading…" : `Show more (${count(rows.length)} of ${count(summary.orders_open)} shown)`}
        </button>
      )}
    </Card>
  );
}

function OrderTable({ orders }: { orders: readonly Order[] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Orders">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Order</th>
            <th scope="col" className="number">Lines</th>
            <th scope="col" className="number">Pieces</th>
            <th scope="col">Priority</th>
            <th scope="col">Due</th>
            <th scope="col" className="wide-only">Content</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => (
            <tr key={order.id}>
              <th scope="row">{order.id}</th>
              <td className="number">{count(order.lines.length)}</td>
              <td className="number">{count(order.lines.reduce((sum, line) => sum + line.quantity, 0))}</td>
              <td>{order.priority}</td>
              <td>{instant(order.due_at)}</td>
              <td className="wide-only">
                <OrderLines order={order} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const SHOWN_LINES = 3;

function OrderLines({ order }: { order: Order }) {
  const text = (lines: Order["lines"]) => lines.map((line) => `${line.quantity} × ${line.sku}`).join(", ");
  if (order.lines.length <= SHOWN_LINES) return <span className="muted">{text(order.lines)}</span>;
  return (
    <details className="muted">
      <summary>{`${text(order.lines.slice(0, SHOWN_LINES))} and ${order.lines.length - SHOWN_LINES} more`}</summary>
      {text(order.lines.slice(SHOWN_LINES))}
    </details>
  );
}
