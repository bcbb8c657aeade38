import { type PointerEvent, useRef, useState } from "react";
import { duration, inUnit, share } from "../lib/format";
import { useWidth } from "../ui/useSize";
import { type CurvePoint, type Timeline, ticks } from "./timeline";

const HEIGHT = 260;
const MARGIN = { top: 18, right: 16, bottom: 34, left: 64 };

export interface IncumbentChartProps {
  timeline: Timeline;
  baseline: number | null;
  bound: number | null;
  unit: string;
  /** Seconds of work so far: the curve goes on to the right while nothing better is found. */
  elapsed: number;
  live: boolean;
}

/** Best plan so far over time, as steps, against the baseline above and the proven bound below. */
export function IncumbentChart({ timeline, baseline, bound, unit, elapsed, live }: IncumbentChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [hovered, setHovered] = useState<CurvePoint | null>(null);
  const { points, restarts } = timeline;
  const scale = scales(points, baseline, bound, elapsed, width);
  const last = points.at(-1);

  const onMove = (event: PointerEvent<SVGSVGElement>) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    setHovered(points.findLast((point) => scale.x(point.seconds) <= left) ?? points[0] ?? null);
  };

  return (
    <figure className="chart">
      <div ref={frame} className="chart-frame">
        {width > 0 && (
          <svg
            width={width}
            height={HEIGHT}
            role="img"
            aria-label={summary(points, baseline, bound, unit)}
            onPointerMove={onMove}
            onPointerLeave={() => setHovered(null)}
          >
            <Axes scale={scale} unit={unit} width={width} />
            {baseline !== null && last && <path className="chart-saved" d={savedArea(points, baseline, scale)} />}
            {baseline !== null && <Level y={scale.y(baseline)} width={width} kind="baseline" text={`Baseline ${inUnit(baseline, unit)}`} />}
            {bound !== null && scale.boundShown && (
              <Level y={scale.y(bound)} width={width} kind="bound" text={`Bound ${inUnit(bound, unit)}`} />
            )}
            {restarts.map((at) => (
              <g key={at} className="chart-restart">
                <line x1={scale.x(at)} x2={scale.x(at)} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
                <text x={scale.x(at) + 4} y={MARGIN.top + 10}>
                  restarted
                </text>
              </g>
            ))}
            <path className="chart-curve" d={steps(points, scale)} />
            {points.length <= 120 &&
              points.map((point) => (
                <circle key={`${point.attempt} ${point.seconds} ${point.objective}`} className="chart-dot" cx={scale.x(point.seconds)} cy={scale.y(point.objective)} r={2.4} />
              ))}
            {last && <circle className="chart-now" data-live={live} cx={scale.x(scale.end)} cy={scale.y(last.objective)} r={4.5} />}
            {hovered && <Crosshair point={hovered} scale={scale} unit={unit} baseline={baseline} width={width} />}
          </svg>
        )}
      </div>
      {points.length > 0 && <AsTable points={points} unit={unit} baseline={baseline} />}
    </figure>
  );
}

interface Scale {
  x: (seconds: number) => number;
  y: (value: number) => number;
  xTicks: number[];
  yTicks: number[];
  end: number;
  boundShown: boolean;
}

function scales(points: readonly CurvePoint[], baseline: number | null, bound: number | null, elapsed: number, width: number): Scale {
  const values = points.map((point) => point.objective);
  if (baseline !== null) values.push(baseline);
  let [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const reach = Math.max(high - low, high * 0.02, 1e-9);
  const boundShown = bound !== null && low - bound < reach * 2; // a far bound would flatten the curve
  if (boundShown) low = Math.min(low, bound);
  const pad = Math.max(high - low, high * 0.02, 1e-9) * 0.1;
  [low, high] = [Math.max(0, low - pad), high + pad];
  const end = Math.max(elapsed, points.at(-1)?.seconds ?? 0);
  const right = Math.max(end, 0.5);
  const inner = Math.max(1, width - MARGIN.left - MARGIN.right);
  return {
    x: (seconds) => MARGIN.left + (seconds / right) * inner,
    y: (value) => MARGIN.top + ((high - value) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom),
    xTicks: ticks(0, right, width < 480 ? 4 : 8),
    yTicks: ticks(low, high, 5),
    end,
    boundShown,
  };
}

function steps(points: readonly CurvePoint[], scale: Scale): string {
  const [first] = points;
  if (!first) return "";
  let d = `M${scale.x(first.seconds)} ${scale.y(first.objective)}`;
  for (const point of points.slice(1)) d += `H${scale.x(point.seconds)}V${scale.y(point.objective)}`;
  return `${d}H${scale.x(scale.end)}`;
}

function savedArea(points: readonly CurvePoint[], baseline: number, scale: Scale): string {
  const [first] = points;
  if (!first) return "";
  return `${steps(points, scale)}V${scale.y(baseline)}H${scale.x(first.seconds)}Z`;
}

function Axes({ scale, unit, width }: { scale: Scale; unit: string; width: number }) {
  const bottom = HEIGHT - MARGIN.bottom;
  return (
    <g className="chart-axes">
      {scale.yTicks.map((value) => (
        <g key={value}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={scale.y(value)} y2={scale.y(value)} />
          <text x={MARGIN.left - 8} y={scale.y(value)} className="y">
            {inUnit(value, unit)}
          </text>
        </g>
      ))}
      {scale.xTicks.map((value) => (
        <text key={value} x={scale.x(value)} y={bottom + 18} className="x">
          {value < 60 ? `${value} s` : duration(value)}
        </text>
      ))}
    </g>
  );
}

function Level({ y, width, kind, text }: { y: number; width: number; kind: string; text: string }) {
  return (
    <g className={`chart-level ${kind}`}>
      <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y} y2={y} />
      <text x={width - MARGIN.right} y={kind === "bound" ? y + 13 : y - 5}>
        {text}
      </text>
    </g>
  );
}

interface CrosshairProps {
  point: CurvePoint;
  scale: Scale;
  unit: string;
  baseline: number | null;
  width: number;
}

function Crosshair({ point, scale, unit, baseline, width }: CrosshairProps) {
  const [x, y] = [scale.x(point.seconds), scale.y(point.objective)];
  const saved = baseline ? ` · ${share((baseline - point.objective) / baseline)} less` : "";
  const onLeft = x > width * 0.6;
  return (
    <g className="chart-cross" aria-hidden="true">
      <line x1={x} x2={x} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
      <circle cx={x} cy={y} r={5} />
      <text x={onLeft ? x - 10 : x + 10} y={Math.max(MARGIN.top + 12, y - 12)} textAnchor={onLeft ? "end" : "start"}>
        {`${inUnit(point.objective, unit)} after ${duration(point.seconds)}${saved}`}
      </text>
    </g>
  );
}

function AsTable({ points, unit, baseline }: { points: readonly CurvePoint[]; unit: string; baseline: number | null }) {
  return (
    <details className="as-table">
      <summary>As a table</summary>
      <div className="scroll" tabIndex={0} role="region" aria-label="Better plans over time">
        <table className="table compact">
          <thead>
            <tr>
              <th scope="col">After</th>
              <th scope="col" className="number">Plan</th>
              <th scope="col" className="number">Less than baseline</th>
            </tr>
          </thead>
          <tbody>
            {points.slice(-200).map((point) => (
              <tr key={`${point.attempt} ${point.seconds} ${point.objective}`}>
                <td>{duration(point.seconds)}</td>
                <td className="number">{inUnit(point.objective, unit)}</td>
                <td className="number">{baseline ? share((baseline - point.objective) / baseline) : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function summary(points: readonly CurvePoint[], baseline: number | null, bound: number | null, unit: string): string {
  const last = points.at(-1);
  if (!last) return "No plan has been found yet.";
  const against = baseline === null ? "" : `, against a baseline of ${inUnit(baseline, unit)}`;
  const proven = bound === null ? "" : `; no plan can be below ${inUnit(bound, unit)}`;
  return `${points.length} plans, each better than the one before; the best is ${inUnit(last.objective, unit)}${against}${proven}.`;
}
