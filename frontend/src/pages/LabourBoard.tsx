import { useRef } from "react";
import type { LabourSolution } from "../api/types.gen";
import { useWidth } from "../ui/useSize";
import { count, duration, share } from "../lib/format";
import { Card } from "../ui/parts";

const ROW = 30;
const NAMES = 110;
const TICKS = 6;

/** Who does what when, as bars over time, and when each wave is ready. */
export function LabourBoard({ solution }: { solution: LabourSolution }) {
  return (
    <>
      {solution.waves.length > 0 && <Waves solution={solution} />}
      <Card title="Who does what when">
        <Gantt solution={solution} />
      </Card>
    </>
  );
}

function Waves({ solution }: { solution: LabourSolution }) {
  return (
    <Card title="Waves">
      <div className="scroll" tabIndex={0} role="region" aria-label="Waves">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Wave</th>
              <th scope="col" className="number">
                Ready after
              </th>
              <th scope="col" className="number">
                Cutoff
              </th>
              <th scope="col">On time</th>
              <th scope="col">What would help</th>
            </tr>
          </thead>
          <tbody>
            {solution.waves.map((wave) => (
              <tr key={wave.wave}>
                <th scope="row">{wave.wave}</th>
                <td className="number">{duration(wave.finish_s)}</td>
                <td className="number">{duration(wave.due_s)}</td>
                <td>
                  <span className="pill" data-state={wave.late_s > 0 || wave.left_out > 0 ? "failed" : "succeeded"}>
                    {wave.late_s > 0 ? `${duration(wave.late_s)} late` : wave.left_out > 0 ? `${count(wave.left_out)} left out` : "on time"}
                  </span>
                </td>
                <td>{wave.extra ? (wave.extra.people ? `${count(wave.extra.people)} more people (${wave.extra.skills.join(", ") || "any skill"})` : wave.extra.detail) : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Gantt({ solution }: { solution: LabourSolution }) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const last = Math.max(1, ...solution.assignments.map((row) => row.end_s));
  const rows = solution.workers.filter((worker) => worker.tasks > 0);
  const lane = new Map(rows.map((worker, index) => [worker.worker, index]));
  const scale = Math.max(1, width - NAMES) / last;
  const height = rows.length * ROW + 24;
  return (
    <div ref={frame} className="chart gantt">
      <svg width={width} height={height} role="img" aria-label={`${count(solution.assignments.length)} tasks of ${count(rows.length)} people over ${duration(last)}`}>
        {rows.map((worker, index) => (
          <g key={worker.worker}>
            <text x={0} y={index * ROW + ROW / 2} dominantBaseline="central">
              {worker.worker}
              <title>{`${worker.worker}: busy ${duration(worker.busy_s)}, ${share(worker.shift_s ? worker.busy_s / worker.shift_s : null)} of the shift`}</title>
            </text>
          </g>
        ))}
        {Array.from({ length: TICKS + 1 }, (_, tick) => (
          <g key={tick} className="chart-axes">
            <line x1={NAMES + (tick * last * scale) / TICKS} x2={NAMES + (tick * last * scale) / TICKS} y1={0} y2={rows.length * ROW} />
            <text className="x" x={Math.min(width - 30, NAMES + (tick * last * scale) / TICKS)} y={height - 6}>
              {duration((tick * last) / TICKS)}
            </text>
          </g>
        ))}
        {solution.assignments.map((row) => (
          <rect key={row.task} className="gantt-bar" x={NAMES + row.start_s * scale} y={(lane.get(row.worker) ?? 0) * ROW + 4} width={Math.max(1, (row.end_s - row.start_s) * scale - 1)} height={ROW - 8} rx={3}>
            <title>{`${row.task}: ${row.worker}, ${duration(row.start_s)} to ${duration(row.end_s)}`}</title>
          </rect>
        ))}
      </svg>
    </div>
  );
}
