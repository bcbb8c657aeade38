import { useOutletContext, useParams } from "react-router";
import type { WarehouseSummary } from "../api/types.gen";

export function useWarehouseId(): string {
  const { warehouse } = useParams();
  if (!warehouse) throw new Error("the route has no warehouse");
  return warehouse;
}

export function useJobId(): string {
  const { job } = useParams();
  if (!job) throw new Error("the route has no job");
  return job;
}

export function useSummary(): WarehouseSummary {
  return useOutletContext<WarehouseSummary>();
}
