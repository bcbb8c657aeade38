import { useState } from "react";
import { useCancelTask, useReplayTasks, useTasks, useTaskStatistics } from "../api/queries";
import type { TaskStatistics, TaskSummary } from "../api/types.gen";
import { ago, count, duration, instant } from "../lib/format";
import { may } from "../session/store";
import { Card, Empty, Figure, Figures, Loading } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useWarehouseId } from "./useParameters";

const STATES = [
  ["", "Every state"],
  ["waiting", "Waiting"],
  ["leased", "In work"],
  ["delayed", "Delayed"],
  ["done", "Done"],
  ["dead", "Given up"],
  ["cancelled", "Cancelled"],
] as const;

const TONES: Record<string, string> = { leased: "running", done: "succeeded", dead: "failed" };

/** Who has what to do, what waits, and what nobody could do. */
export function TasksPage() {
  const id = useWarehouseId();
  const [state, setState] = useState("");
  const statistics = useTaskStatistics(id);
  const tasks = useTasks(id, state);
  const rows = tasks.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <>
      {statistics.isError && <ProblemNote fault={statistics.error} what="The queue could not be read" onRetry={() => statistics.refetch()} />}
      {statistics.data && <QueueFigures statistics={statistics.data} />}
      {statistics.data && statistics.data.dead > 0 && may("operator") && <Replay warehouse={id} dead={statistics.data.dead} />}
      <Card title="Tasks">
        <select className="search" aria-label="State" value={state} onChange={(event) => setState(event.target.value)}>
          {STATES.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
        {tasks.isError && <ProblemNote fault={tasks.error} what="The tasks could not be read" onRetry={() => tasks.refetch()} />}
        {tasks.isPending && <Loading what="tasks" rows={6} />}
        {tasks.isSuccess && rows.length === 0 && (
          <Empty title="No task here">
            <p>Release a finished plan as a wave on its job's page, and its batches wait here for pickers.</p>
          </Empty>
        )}
        {rows.length > 0 && <TaskTable warehouse={id} tasks={rows} />}
        {tasks.hasNextPage && (
          <button type="button" className="button" disabled={tasks.isFetchingNextPage} onClick={() => tasks.fetchNextPage()}>
            {tasks.isFetchingNextPage ? "Reading…" : `Show more (${count(rows.length)} shown)`}
          </button>
        )}
      </Card>
    </>
  );
}

function QueueFigures({ statistics }: { statistics: TaskStatistics }) {
  const { oldest_waiting_seconds: oldest, mean_work_seconds: work } = statistics;
  return (
    <Figures>
      <Figure name="Waiting" value={count(statistics.waiting)} note={oldest === null ? "nothing is old" : `the oldest for ${duration(oldest)}`} />
      <Figure name="In work" value={count(statistics.leased)} note={work === null ? "" : `${duration(work)} each, on average`} />
      <Figure name="Done in the last hour" value={count(statistics.done_last_hour)} note={`${count(statistics.failed_last_hour)} failed`} tone={statistics.done_last_hour > 0 ? "good" : undefined} />
      <Figure name="Given up" value={count(statistics.dead)} note={statistics.dead > 0 ? "somebody must look" : "none"} />
    </Figures>
  );
}

function Replay({ warehouse, dead }: { warehouse: string; dead: number }) {
  const replay = useReplayTasks(warehouse);
  return (
    <div className="note" role="status">
      <p className="note-title">{count(dead)} tasks were given up</p>
      <p className="note-foot">
        <button type="button" className="button small" disabled={replay.isPending} onClick={() => replay.mutate()}>
          Try them again
        </button>
      </p>
      {replay.isError && <ProblemNote fault={replay.error} what="They could not be tried again" />}
    </div>
  );
}

function TaskTable({ warehouse, tasks }: { warehouse: string; tasks: readonly TaskSummary[] }) {
  const cancel = useCancelTask(warehouse);
  return (
    <>
      {cancel.isError && <ProblemNote fault={cancel.error} what="The task was not cancelled" />}
      <div className="scroll" tabIndex={0} role="region" aria-label="Tasks">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col">State</th>
              <th scope="col" className="number">
                Priority
              </th>
              <th scope="col">Who</th>
              <th scope="col" className="wide-only">
                Due
              </th>
              <th scope="col" className="wide-only">
                Since
              </th>
              {may("operator") && (
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {tasks.map((task) => (
              <tr key={task.id}>
                <th scope="row">
                  {task.id}
                  <div className="muted small">{task.type}</div>
                </th>
                <td>
                  <span className="pill" data-state={TONES[task.state] ?? task.state}>
                    {STATES.find(([value]) => value === task.state)?.[1] ?? task.state}
                  </span>
                  {task.reason && <div className="muted small">{task.reason}</div>}
                </td>
                <td className="number">{task.priority}</td>
                <td>{task.worker ?? "–"}</td>
                <td className="wide-only">{instant(task.due_at)}</td>
                <td className="wide-only">{ago(task.finished_at ?? task.leased_at ?? task.created_at)}</td>
                {may("operator") && (
                  <td className="number">
                    {(task.state === "waiting" || task.state === "delayed") && (
                      <button type="button" className="button small" disabled={cancel.isPending} onClick={() => cancel.mutate(task.id)}>
                        Cancel<span className="visually-hidden"> {task.id}</span>
                      </button>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
