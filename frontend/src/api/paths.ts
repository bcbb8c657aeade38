/** The API's addresses, below /api on this origin. */

const part = encodeURIComponent;

export const paths = {
  warehouses: () => "/v1/warehouses",
  warehouse: (id: string) => `/v1/warehouses/${part(id)}`,
  layout: (id: string) => `/v1/warehouses/${part(id)}/layout`,
  zones: (id: string) => `/v1/warehouses/${part(id)}/zones`,
  stock: (id: string) => `/v1/warehouses/${part(id)}/stock`,
  orders: (id: string) => `/v1/warehouses/${part(id)}/orders`,
  imports: (id: string) => `/v1/warehouses/${part(id)}/imports`,
  line: (id: string, zone: string, location: string, sku: string) =>
    `/v1/warehouses/${part(id)}/zones/${part(zone)}/stock/${part(location)}/${part(sku)}`,
  events: (id: string, cursor: number) => `/v1/warehouses/${part(id)}/events?cursor=${cursor}`,
  tasks: (id: string) => `/v1/warehouses/${part(id)}/tasks`,
  task: (id: string, task: string) => `/v1/warehouses/${part(id)}/tasks/${part(task)}`,
  taskStatistics: (id: string) => `/v1/warehouses/${part(id)}/tasks/statistics`,
  replay: (id: string) => `/v1/warehouses/${part(id)}/tasks/replay`,
  waves: (id: string) => `/v1/warehouses/${part(id)}/waves`,
  jobs: (id: string) => `/v1/warehouses/${part(id)}/jobs`,
  job: (id: string, job: string) => `/v1/warehouses/${part(id)}/jobs/${part(job)}`,
  result: (id: string, job: string) => `/v1/warehouses/${part(id)}/jobs/${part(job)}/result`,
  pickLists: (id: string, job: string) => `/v1/warehouses/${part(id)}/jobs/${part(job)}/result.csv`,
  report: (id: string, job: string) => `/v1/warehouses/${part(id)}/jobs/${part(job)}/report`,
  jobEvents: (id: string, job: string, cursor: number) =>
    `/v1/warehouses/${part(id)}/jobs/${part(job)}/events?cursor=${cursor}`,
  uploads: () => "/v1/uploads",
  agents: () => "/v1/agents",
  stopAgent: (agent: string, session: string) => `/v1/agents/${part(agent)}/sessions/${part(session)}/stop`,
  healthReport: () => "/v1/health",
} as const;

export function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined && value !== "") search.set(key, String(value));
  const text = search.toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}
