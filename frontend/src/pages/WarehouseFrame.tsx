import { NavLink, Outlet } from "react-router";
import { useWarehouse } from "../api/queries";
import type { WarehouseSummary } from "../api/types.gen";
import { Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useTitle } from "../ui/useTitle";
import { useWarehouseId } from "./useParameters";

/** A warehouse's head and tabs; the pages below get its summary. */
export function WarehouseFrame() {
  const id = useWarehouseId();
  const warehouse = useWarehouse(id);
  useTitle(warehouse.data?.name || id);
  const base = `/w/${encodeURIComponent(id)}`;
  return (
    <>
      <header className="page-head with-tabs">
        <div>
          <h1>{warehouse.data?.name || id}</h1>
          {warehouse.data?.name && <p className="muted">{id}</p>}
        </div>
      </header>
      <nav className="tabs" aria-label="Warehouse">
        <NavLink to={base} end>
          Overview
        </NavLink>
        <NavLink to={`${base}/orders`}>Orders</NavLink>
        <NavLink to={`${base}/jobs`}>Jobs</NavLink>
        <NavLink to={`${base}/tasks`}>Tasks</NavLink>
        <NavLink to={`${base}/stock`}>Stock</NavLink>
        <NavLink to={`${base}/activity`}>Activity</NavLink>
        <NavLink to={`${base}/import`}>Import</NavLink>
      </nav>
      {warehouse.isError && <ProblemNote fault={warehouse.error} what="The warehouse could not be read" onRetry={() => warehouse.refetch()} />}
      {warehouse.isPending && <Loading what="the warehouse" />}
      {warehouse.data && <Outlet context={warehouse.data satisfies WarehouseSummary} />}
    </>
  );
}
