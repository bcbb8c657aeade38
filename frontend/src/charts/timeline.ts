/** The story of a job as a curve: when each better plan was found, in seconds since the work began. */

import type { JobEvent } from "../api/types.gen";

export interface CurvePoint {
  seconds: number;
  objective: number;
  bound: number | null;
  attempt: number;
}

export interface Timeline {
  points: CurvePoint[];
  /** Seconds at which a new attempt began: its container was lost and the work went on in another. */
  restarts: number[];
}

/**
 * Within one attempt the agent's own clock counts (`elapsed_s`). A later attempt starts that clock again, so it is placed
 * by wall clock after the first one. Only improvements are kept: a new attempt repeats what the job already knew.
 */
export function timelineOf(events: readonly JobEvent[]): Timeline {
  const points: CurvePoint[] = [];
  const restarts: number[] = [];
  let start: number | null = null; // wall clock at elapsed 0 of the first attempt, ms
  let offset = 0;
  let attempt = 0;
  let best = Infinity;
  for (const event of events) {
    if (event.type !== "incumbent" || event.objective === null) continue;
    const elapsed = event.elapsed_s ?? 0;
    const zero = Date.parse(event.at) - elapsed * 1000;
    start ??= zero;
    if (event.attempt !== attempt) {
      offset = Math.max(0, (zero - start) / 1000, points.at(-1)?.seconds ?? 0);
      if (attempt !== 0) restarts.push(offset);
      attempt = event.attempt;
    }
    if (event.objective > best) continue;
    best = event.objective;
    points.push({ seconds: offset + elapsed, objective: event.objective, bound: event.bound, attempt });
  }
  return { points, restarts };
}

/** Round numbers that cover a range: steps of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, about: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const made: number[] = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) made.push(Number((i * step).toPrecision(12)));
  return made;
}
