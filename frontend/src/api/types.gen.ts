// Made by tools/typescript_types.py from contracts/: run `npm run types`, never edit.

/** A depot: where picking aisle `aisle` meets cross aisle `cross_aisle` (0 is the front). */
export interface AccessPointInput {
  aisle?: number;
  cross_aisle?: number;
}

/** A depot: where picking aisle `aisle` meets cross aisle `cross_aisle` (0 is the front). */
export interface AccessPoint {
  aisle: number;
  cross_aisle: number;
}

/** How an incarnation ended. `reason`: exit, runtime_signal (the platform ended it), destroyed, lost, no_instance. */
export interface AgentExit {
  incarnation: string;
  at: number;
  exit_code: number | null;
  reason: string;
}

/** `status`: starting, running, healthy, stopping, stopped. Times are seconds since 1970. `breaker` is open after a crash loop; `exit_code` and `reason` tell how this incarnation ended, `last_exit` how the last one did that has. */
export interface AgentInstance {
  session: string;
  status: string;
  incarnation: string;
  since: number;
  load: number;
  seen: number;
  active: number | null;
  started_at: number | null;
  exit_code: number | null;
  reason: string | null;
  last_exit: AgentExit | null;
  failures: number;
  breaker: string;
}

export interface AgentList {
  agents: AgentListing[];
}

/** `stale`: the directory did not answer, and this is its last copy, written `at` (seconds since 1970). */
export interface AgentListing {
  type: string;
  max_instances: number;
  min_instances: number;
  occupied: number;
  instances: AgentInstance[];
  circuit: Circuit;
  stale: boolean;
  at: number | null;
}

/** A zone as a range of aisles, both ends included. */
export interface AisleZoneInput {
  id: string;
  first_aisle: number;
  last_aisle: number;
  attributes?: string[];
}

/** A zone as a range of aisles, both ends included. */
export interface AisleZone {
  id: string;
  first_aisle: number;
  last_aisle: number;
  attributes: string[];
}

/** How many of the picked pieces belong to which order. */
export interface Allocation {
  order: string;
  quantity: number;
}

/** One task's place in the plan; seconds after the plan's zero. */
export interface Assignment {
  task: string;
  worker: string;
  start_s: number;
  end_s: number;
}

/** One tour. `path` is the polyline walked, from depot to end depot, as [x, y] in metres; on a graph layout it has a point for each of the `nodes` walked. */
export interface Batch {
  id: string;
  orders: string[];
  zone: string | null;
  stops: contracts__problems__batching__PickStop[];
  path: [number, number][];
  nodes: string[];
  distance_m: number;
  seconds: number;
  items: number;
  totes: number;
  volume_mm3: number | null;
  weight_g: number | null;
  picker: number | null;
  start_s: number | null;
  finish_s: number | null;
}

/** The plan, beside what first come, first served with S-shape routes would walk for the same orders. */
export interface BatchingSolution {
  batches: Batch[];
  distance_m: number;
  seconds: number;
  baseline_distance_m: number;
  saved_m: number;
  saved_share: number;
  rules_m: Record<string, number>;
  disturbance: Disturbance | null;
}

/** A proven limit on any plan's objective; `gap` = |value - bound| / |value|. Without one, `reason` says why. */
export interface Bound {
  value: number | null;
  gap: number | null;
  method: string;
  reason: string;
}

/** When to stop. With `iterations` set, one worker and the same seed, the answer is the same each time. */
export interface Budget {
  seconds?: number;
  iterations?: number | null;
  seed?: number;
  workers?: number;
}

/** What one picking tour can carry. Absent means unlimited. */
export interface Cart {
  items?: number | null;
  volume_mm3?: number | null;
  weight_g?: number | null;
  orders?: number | null;
  totes?: number | null;
}

/** How calls to one kind of upstream fare in the isolate that answers: the worst state of its circuits, how many are not closed, and the highest failure rate of the last seconds. Counts are since the isolate's start. */
export interface Circuit {
  state: "closed" | "open" | "half-open";
  open: number;
  half_open: number;
  failure_rate: number;
  calls: number;
  failures: number;
  repeats: number;
  refused: number;
}

/** Count what lies here. The expected quantity is not told: a blind count is an honest one. */
export interface CountPayload {
  location: string;
  sku: string;
  item_class: "A" | "B" | "C";
}

/** What extending a plan changed in it. */
export interface Disturbance {
  late_orders: number;
  moved_orders: string[];
  changed_batches: number;
  new_batches: number;
  replanned_m: number;
  over_replanned_m: number;
}

export interface EdgeInput {
  from_node: string;
  to_node: string;
  length_m: number;
  one_way?: boolean;
}

export interface Edge {
  from_node: string;
  to_node: string;
  length_m: number;
  one_way: boolean;
}

/** `sequence` counts from 1 without a gap; `id` is the same however often the event is delivered. */
export interface Event {
  sequence: number;
  id: string;
  type: string;
  zone: string;
  at: string;
  data: Record<string, unknown>;
}

/** How a late wave could be on time: so many more people with these skills from the wave's first second on, or why more people do not help. Found by planning again with them, so it is enough; fewer may do. */
export interface ExtraPeople {
  people: number | null;
  skills: string[];
  detail: string;
}

/** Any floor: walkable nodes and edges, and the locations that are picked from a node. */
export interface GraphLayoutInput {
  type?: "graph";
  nodes: Node[];
  edges: EdgeInput[];
  locations: GraphLocationInput[];
  depot: string;
  end_depot?: string | null;
}

/** Any floor: walkable nodes and edges, and the locations that are picked from a node. */
export interface GraphLayout {
  type: "graph";
  nodes: Node[];
  edges: Edge[];
  locations: GraphLocation[];
  depot: string;
  end_depot: string | null;
}

export interface GraphLocationInput {
  id: string;
  node: string;
  zone?: string;
  height_m?: number;
  limits?: LocationLimitsInput;
}

export interface GraphLocation {
  id: string;
  node: string;
  zone: string;
  height_m: number;
  limits: LocationLimits;
}

/** POST /v1/warehouses/{id}/imports: read an uploaded file in. */
export interface ImportCreate {
  upload: string;
  kind?: string;
  columns?: Record<string, string>;
  on_bad_line?: string;
  dry_run?: boolean;
}

/** What an import did. `quarantined` counts all bad rows; `quarantine` holds the first 1,000. */
export interface ImportResult {
  id: string;
  upload: string;
  kind: string;
  rows: number;
  orders: number;
  lines: number;
  quarantined: number;
  quarantine: QuarantinedRow[];
  dry_run: boolean;
  created_at: string;
}

/** A stock keeping unit. Dimensions and weight are of one piece. */
export interface Item {
  sku: string;
  name?: string;
  length_mm?: number | null;
  width_mm?: number | null;
  height_mm?: number | null;
  weight_g?: number | null;
  family?: string;
  attributes?: string[];
  gtin?: string | null;
}

/** The best plan known so far. `plan`: it can be read at …/jobs/{job}/best, while the job runs and after its end. */
export interface JobBest {
  objective: number;
  sense: "min" | "max";
  unit: string;
  baseline: number | null;
  bound: number | null;
  gap: number | null;
  incumbents: number;
  elapsed_s: number;
  plan: boolean;
}

/** POST /v1/warehouses/{id}/jobs. The warehouse's layout, items, stock and open orders are added by StoreMax. */
export interface JobCreate {
  problem: string;
  parameters?: Record<string, unknown>;
  orders?: string[] | null;
  budget?: Budget;
  session?: string | null;
  deadline_seconds?: number;
  report?: boolean;
  label?: string;
}

/** One message of /v1/warehouses/{id}/jobs/{job}/events (WebSocket), in order and without a gap per job. */
export interface JobEvent {
  sequence: number;
  type: "state" | "incumbent";
  at: string;
  job: string;
  state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  objective: number | null;
  bound: number | null;
  elapsed_s: number | null;
  attempt: number;
}

/** Where a queued job stands: at most as many jobs run as the agent has instances, and tenants take turns. */
export interface JobQueue {
  position: number | null;
  waiting: number;
  age_s: number;
}

export interface JobStatus {
  id: string;
  warehouse: string;
  problem: string;
  label: string;
  state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  attempt: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  best: JobBest | null;
  queue: JobQueue | null;
  agent: string;
  incarnation: string;
  error: Record<string, unknown> | null;
  links: Record<string, string>;
  version: number;
}

export interface LabourSolution {
  assignments: Assignment[];
  waves: WaveForecast[];
  workers: WorkerLoad[];
}

export interface LeftOut {
  order: string;
  reason: string;
  detail: string;
  smallest_change: string;
}

/** What one storage location holds. Absent means unlimited. */
export interface LocationLimitsInput {
  max_weight_g?: number | null;
  max_volume_mm3?: number | null;
  width_mm?: number | null;
  depth_mm?: number | null;
  height_mm?: number | null;
}

/** What one storage location holds. Absent means unlimited. */
export interface LocationLimits {
  max_weight_g: number | null;
  max_volume_mm3: number | null;
  width_mm: number | null;
  depth_mm: number | null;
  height_mm: number | null;
}

export interface Node {
  id: string;
  x_m: number;
  y_m: number;
}

/** `value` is what is minimised unless `sense` says otherwise; `parts` break it down per rule and sum to it. */
export interface Objective {
  value: number;
  unit: string;
  sense: "min" | "max";
  parts: Record<string, number>;
}

export interface OptimizeResult {
  problem: string;
  status: "optimal" | "feasible" | "infeasible" | "scored";
  objective: Objective;
  baseline: Reference;
  bound: Bound;
  solution: Record<string, unknown>;
  unassigned: Unassigned[];
  stopped_by: "optimal" | "seconds" | "iterations" | "cancelled" | "memory" | "scored" | "complete";
  seed: number;
  iterations: number;
  elapsed_s: number;
  input_hash: string;
  versions: Record<string, string>;
  notes: string[];
}

/** What a customer wants. `due_at` is the instant by which it must be picked. */
export interface Order {
  id: string;
  lines: OrderLine[];
  released_at: string | null;
  due_at: string | null;
  priority: number;
}

export interface OrderLine {
  sku: string;
  quantity: number;
}

/** How long work takes: a batch lasts setup + metres / walking speed + halts x stop + pieces x piece. */
export interface Pace {
  walk_m_per_s?: number;
  setup_s?: number;
  stop_s?: number;
  piece_s?: number;
}

/** A rectangular warehouse from a dozen numbers. */
export interface ParametricLayoutInput {
  type?: "parametric";
  aisles: number;
  blocks?: number;
  bays_per_block: number;
  levels?: number;
  sides?: 1 | 2;
  aisle_pitch_m?: number;
  bay_width_m?: number;
  end_gap_m?: number;
  level_height_m?: number;
  depot?: AccessPointInput;
  end_depot?: AccessPointInput | null;
  zones?: AisleZoneInput[];
  location_limits?: LocationLimitsInput;
}

/** A rectangular warehouse from a dozen numbers. */
export interface ParametricLayout {
  type: "parametric";
  aisles: number;
  blocks: number;
  bays_per_block: number;
  levels: number;
  sides: 1 | 2;
  aisle_pitch_m: number;
  bay_width_m: number;
  end_gap_m: number;
  level_height_m: number;
  depot: AccessPoint;
  end_depot: AccessPoint | null;
  zones: AisleZone[];
  location_limits: LocationLimits;
}

export interface PickPayload {
  wave: string;
  batch: string;
  orders: string[];
  lines: contracts__tasks_plan__PickStop[];
  distance_m: number;
  expected_seconds: number;
  picker: number | null;
}

export interface QuarantinedRow {
  line: number;
  raw: string;
  reason: string;
  field: string;
  detail: string;
  cure: string;
}

/** A value to compare with, and how it was reached. */
export interface Reference {
  value: number | null;
  method: string;
}

/** How many pieces of a SKU lie at a location. */
export interface StockLine {
  sku: string;
  location: string;
  quantity: number;
}

/** A SKU at a location; its ETag is `"v<version>"`. `available` is `quantity` less `reserved`. */
export interface StockLineState {
  zone: string;
  location: string;
  sku: string;
  quantity: number;
  reserved: number;
  available: number;
  version: number;
  updated_at: string | null;
}

/** A task as a queue takes it. `priority` 0 is the most urgent. */
export interface TaskDraft {
  id: string;
  type: "pick" | "count";
  priority: number;
  not_before: string | null;
  due_at: string | null;
  zone: string | null;
  payload: PickPayload | CountPayload;
}

/** Numbers that are kept, not counted anew: cheap however much waits. Means are of the last hour, None without any. */
export interface TaskStatistics {
  waiting: number;
  delayed: number;
  leased: number;
  done: number;
  dead: number;
  cancelled: number;
  oldest_waiting_seconds: number | null;
  next_delayed_at: string | null;
  enqueued_last_hour: number;
  done_last_minute: number;
  done_last_hour: number;
  failed_last_hour: number;
  mean_wait_seconds: number | null;
  mean_work_seconds: number | null;
}

/** A task without its content, as lists show it. `attempt` counts its leases. */
export interface TaskSummary {
  id: string;
  type: string;
  state: "waiting" | "delayed" | "leased" | "done" | "dead" | "cancelled";
  priority: number;
  owner: string;
  zone: string | null;
  skills: string[];
  attempt: number;
  max_attempts: number;
  worker: string | null;
  created_at: string;
  not_before: string | null;
  due_at: string | null;
  leased_at: string | null;
  lease_until: string | null;
  finished_at: string | null;
  reason: string | null;
  version: number;
}

/** Something that the plan leaves out, why, and the smallest change that would make it fit. */
export interface Unassigned {
  id: string;
  reason: string;
  detail: string;
  smallest_change: string;
}

/** POST /v1/uploads answers this; the body is kept as it came. */
export interface Upload {
  id: string;
  bytes: number;
  sha256: string;
  media_type: string;
  created_at: string;
}

/** POST /v1/warehouses. Items and stock may also come later, in bulk. */
export interface WarehouseCreate {
  id: string;
  name?: string;
  layout: ParametricLayoutInput | GraphLayoutInput;
  items?: Item[];
  stock?: StockLine[];
}

/** Cheap to read: kept up to date by every write. */
export interface WarehouseSummary {
  id: string;
  name: string;
  version: number;
  layout_type: string;
  zones: string[];
  locations: number;
  items: number;
  orders_open: number;
  order_lines_open: number;
  stock_lines: number;
  stock_quantity: number;
  reserved_quantity: number;
  in_transit_quantity: number;
  created_at: string;
  updated_at: string;
  sequence: number;
  ready: boolean;
}

export interface WaveForecast {
  wave: string;
  finish_s: number | null;
  due_s: number | null;
  late_s: number;
  left_out: number;
  extra: ExtraPeople | null;
}

/** The wave's tasks as they were enqueued. `known` of them had been before: releasing again adds nothing. */
export interface WaveReleased {
  wave: string;
  tasks: TaskDraft[];
  orders: number;
  pieces: number;
  distance_m: number;
  expected_seconds: number;
  left_out: LeftOut[];
  job: string;
  created: number;
  known: number;
}

export interface WorkerLoad {
  worker: string;
  tasks: number;
  busy_s: number;
  shift_s: number;
  first_start_s: number | null;
  last_end_s: number | null;
}

/** One place where the picker stops: what to take there. */
export interface contracts__problems__batching__PickStop {
  location: string;
  sku: string;
  quantity: number;
  x_m: number;
  y_m: number;
}

/** One stop of the walk, in order of walking from 1. */
export interface contracts__tasks_plan__PickStop {
  sequence: number;
  location: string;
  sku: string;
  quantity: number;
  allocations: Allocation[];
}
