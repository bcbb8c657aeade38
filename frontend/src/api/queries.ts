/** What the pages read and change, as TanStack Query hooks. Keys start with the warehouse, so that one event refreshes it. */

import { type QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { call, send } from "./client";
import { type Page, pageOf } from "./pages";
import { paths, withQuery } from "./paths";
import { asProblem } from "./problem";
import type {
  BatchingSolution,
  LabourSolution,
  GraphLayout,
  ImportCreate,
  ImportResult,
  JobCreate,
  JobStatus,
  OptimizeResult,
  Order,
  ParametricLayout,
  StockLineState,
  TaskStatistics,
  TaskSummary,
  Upload,
  WarehouseCreate,
  WarehouseSummary,
  WaveReleased,
} from "./types.gen";

export type Layout = ParametricLayout | GraphLayout;
export type BatchingResult = OptimizeResult & { solution: BatchingSolution };
export type LabourResult = OptimizeResult & { solution: LabourSolution };

const PAGE = 100;

export const keys = {
  warehouses: ["warehouses"] as const,
  warehouse: (id: string) => ["warehouse", id] as const,
  part: (id: string, ...rest: string[]) => ["warehouse", id, ...rest] as const,
};

export function useWarehouses() {
  return useInfiniteQuery({
    queryKey: keys.warehouses,
    queryFn: ({ pageParam, signal }) => page<WarehouseSummary>(paths.warehouses(), pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: 15_000,
  });
}

export function useWarehouse(id: string) {
  return useQuery({
    queryKey: keys.part(id, "summary"),
    queryFn: ({ signal }) => call<WarehouseSummary>("GET", paths.warehouse(id), { signal }),
    refetchInterval: 15_000,
  });
}

export function useLayout(id: string) {
  return useQuery({
    queryKey: keys.part(id, "layout"),
    queryFn: async ({ signal }) => layoutOf(await call<Layout | { layout: Layout }>("GET", paths.layout(id), { signal })),
    staleTime: 5 * 60_000,
  });
}

/** The layout alone, or within an envelope that carries its version. */
function layoutOf(answer: Layout | { layout: Layout }): Layout {
  return "layout" in answer ? answer.layout : answer;
}

export function useOrders(id: string) {
  return useInfiniteQuery({
    queryKey: keys.part(id, "orders"),
    queryFn: ({ pageParam, signal }) => page<Order>(paths.orders(id), pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });
}

export function useJobs(id: string) {
  return useInfiniteQuery({
    queryKey: keys.part(id, "jobs"),
    queryFn: ({ pageParam, signal }) => page<JobStatus>(paths.jobs(id), pageParam, signal, 50),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: (query) =>
      query.state.data?.pages.some((some) => some.rows.some((job) => !isFinal(job.state))) ? 2_000 : 15_000,
  });
}

export function useJob(id: string, job: string, live: boolean) {
  return useQuery({
    queryKey: keys.part(id, "job", job),
    queryFn: ({ signal }) => call<JobStatus>("GET", paths.job(id, job), { signal }),
    // With the socket live this is only a safety net; without it, it is how the page stays current.
    refetchInterval: (query) => {
      const status = query.state.data;
      if (!status || !isFinal(status.state)) return live ? 10_000 : 1_500;
      return awaitsReport(status) ? 2_000 : false;
    },
  });
}

export function useResult(id: string, job: string, ready: boolean) {
  return useQuery({
    queryKey: keys.part(id, "result", job),
    queryFn: ({ signal }) => call<OptimizeResult>("GET", paths.result(id, job), { signal }),
    enabled: ready,
    staleTime: Number.POSITIVE_INFINITY, // a finished job's plan never changes
  });
}

const REPORT_WAIT_MS = 60_000;

/** The report is made after the plan; its link then joins the others. */
function awaitsReport(status: JobStatus): boolean {
  const since = Date.now() - Date.parse(status.finished_at ?? status.created_at);
  return status.state === "succeeded" && !status.links["report"] && since < REPORT_WAIT_MS;
}

export function isFinal(state: JobStatus["state"]): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

/** The family decides what `solution` is; contracts/optimize.py leaves it open. */
export function isBatching(result: OptimizeResult): result is BatchingResult {
  return result.problem === "batching" && "batches" in result.solution;
}

export function isLabour(result: OptimizeResult): result is LabourResult {
  return result.problem === "labour";
}

export interface StockFilter {
  zone: string;
  location: string;
  sku: string;
}

export function useStock(id: string, filter: StockFilter) {
  return useInfiniteQuery({
    queryKey: [...keys.part(id, "stock"), filter.zone, filter.location, filter.sku],
    queryFn: ({ pageParam, signal }) => page<StockLineState>(withQuery(paths.stock(id), { ...filter }), pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });
}

export interface StockEdit {
  line: StockLineState;
  body: Record<string, unknown>;
  key: string;
}

export function useChangeStock(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ line, body, key }: StockEdit) =>
      call<unknown>("POST", paths.line(id, line.zone, line.location, line.sku), {
        body: { ...body, version: line.version },
        headers: { "idempotency-key": key },
      }),
    // After a refusal too: the line has changed under the reader's eyes.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.part(id, "stock") });
      void client.invalidateQueries({ queryKey: keys.part(id, "summary") });
    },
  });
}

export function useTasks(id: string, state: string) {
  return useInfiniteQuery({
    queryKey: keys.part(id, "tasks", state),
    queryFn: ({ pageParam, signal }) => page<TaskSummary>(withQuery(paths.tasks(id), { state }), pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    refetchInterval: 10_000,
  });
}

export function useTaskStatistics(id: string) {
  return useQuery({
    queryKey: keys.part(id, "task-statistics"),
    queryFn: ({ signal }) => call<TaskStatistics>("GET", paths.taskStatistics(id), { signal }),
    refetchInterval: 5_000,
  });
}

export function useCancelTask(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (task: string) => call<unknown>("DELETE", paths.task(id, task)),
    onSettled: () => tasksChanged(client, id),
  });
}

export function useReplayTasks(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<unknown>("POST", paths.replay(id), { body: {} }),
    onSettled: () => tasksChanged(client, id),
  });
}

export function useReleaseWave(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { wave: string; job: string }) => call<WaveReleased>("POST", paths.waves(id), { body }),
    onSuccess: () => tasksChanged(client, id),
  });
}

function tasksChanged(client: QueryClient, id: string): void {
  void client.invalidateQueries({ queryKey: keys.part(id, "tasks") });
  void client.invalidateQueries({ queryKey: keys.part(id, "task-statistics") });
}

export function useStartJob(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: JobCreate; key: string }) =>
      call<JobStatus>("POST", paths.jobs(id), { body, headers: { "idempotency-key": key } }),
    // The key makes a repeated request the same job, so a passing fault may be tried again.
    retry: (failures, fault) => failures < 4 && asProblem(fault).passing,
    retryDelay: (failure, fault) => (asProblem(fault).retryAfter ?? 2 ** failure) * 1000,
    onSuccess: () => client.invalidateQueries({ queryKey: keys.part(id, "jobs") }),
  });
}

export function useCancelJob(id: string, job: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<JobStatus>("DELETE", paths.job(id, job)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.warehouse(id) }),
  });
}

export function useCreateWarehouse() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: WarehouseCreate) => call<WarehouseSummary>("POST", paths.warehouses(), { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.warehouses }),
  });
}

/** Upload the file as it is, then have it read in. Two calls, so that a refused import can be repeated with other columns. */
export function useImport(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ file, options }: { file: File; options: Omit<ImportCreate, "upload"> }) => {
      const response = await send("POST", paths.uploads(), { raw: { content: file, mediaType: "text/csv" } });
      const upload = (await response.json()) as Upload;
      return call<ImportResult>("POST", paths.imports(id), { body: { ...options, upload: upload.id } });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: keys.warehouse(id) }),
  });
}

async function page<T>(path: string, cursor: string, signal: AbortSignal, limit = PAGE): Promise<Page<T>> {
  return pageOf<T>(await call<unknown>("GET", withQuery(path, { limit, cursor }), { signal }));
}
