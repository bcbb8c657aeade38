/** A walked polyline: its length, the point after so many metres, and a copy shifted to the right-hand lane. */

import { type Point, short } from "./geometry";

export function lengthOf(path: readonly Point[]): number {
  let metres = 0;
  for (let i = 1; i < path.length; i++) metres += distance(path[i - 1] as Point, path[i] as Point);
  return metres;
}

export function pathData(path: readonly Point[]): string {
  return path.map(([u, v], i) => `${i ? "L" : "M"}${short(u)} ${short(v)}`).join("");
}

/** The point `metres` along the path, held within its ends. */
export function pointAt(path: readonly Point[], metres: number): Point | null {
  let left = Math.max(0, metres);
  for (let i = 1; i < path.length; i++) {
    const [a, b] = [path[i - 1] as Point, path[i] as Point];
    const step = distance(a, b);
    if (left <= step && step > 0) return [a[0] + ((b[0] - a[0]) * left) / step, a[1] + ((b[1] - a[1]) * left) / step];
    left -= step;
  }
  return path.at(-1) ?? null;
}

/** The first `metres` of the path. */
export function partOf(path: readonly Point[], metres: number): Point[] {
  const part: Point[] = [];
  let left = metres;
  for (const point of path) {
    const before = part.at(-1);
    const step = before ? distance(before, point) : 0;
    if (before && step > left) {
      if (left > 0) part.push([before[0] + ((point[0] - before[0]) * left) / step, before[1] + ((point[1] - before[1]) * left) / step]);
      break;
    }
    left -= step;
    part.push(point);
  }
  return part;
}

/** Repeated points and points in the middle of a straight walk say nothing: a turn back is kept. */
export function simplify(path: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of path) {
    const [before, last] = [kept.at(-2), kept.at(-1)];
    if (last && distance(last, point) < 1e-6) continue;
    if (before && last && goesStraight(before, last, point)) kept.pop();
    kept.push(point);
  }
  return kept;
}

/**
 * The path shifted by `lane` metres to the right of the walking direction (right as seen on the plan, v downwards), so
 * that walking an aisle in and out again shows as two lines.
 */
export function keepRight(path: readonly Point[], lane: number): Point[] {
  const points = simplify(path);
  if (points.length < 2 || lane === 0) return points;
  const shifted: Point[] = [];
  for (let i = 0; i < points.length; i++) {
    const point = points[i] as Point;
    const arriving = i > 0 ? right(points[i - 1] as Point, point) : null;
    const leaving = i + 1 < points.length ? right(point, points[i + 1] as Point) : null;
    if (!arriving || !leaving) {
      const side = (arriving ?? leaving) as Point;
      shifted.push([point[0] + side[0] * lane, point[1] + side[1] * lane]);
      continue;
    }
    const along = arriving[0] * leaving[0] + arriving[1] * leaving[1]; // cosine of the turn
    if (along < -0.99) {
      // About turn: cross over to the other lane.
      shifted.push([point[0] + arriving[0] * lane, point[1] + arriving[1] * lane]);
      shifted.push([point[0] + leaving[0] * lane, point[1] + leaving[1] * lane]);
    } else {
      const scale = lane / (1 + along); // the mitre of two unit normals
      shifted.push([point[0] + (arriving[0] + leaving[0]) * scale, point[1] + (arriving[1] + leaving[1]) * scale]);
    }
  }
  return shifted;
}

/** For each stop, in order, how many metres along the path the walker passes it; never less than the stop before. */
export function stopsAlong(path: readonly Point[], stops: readonly Point[]): number[] {
  const passed: number[] = [];
  let from = 0;
  for (const stop of stops) {
    from = passes(path, stop, from);
    passed.push(from);
  }
  return passed;
}

function passes(path: readonly Point[], stop: Point, from: number): number {
  let walked = 0;
  let [best, least] = [from, Infinity];
  for (let i = 1; i < path.length; i++) {
    const [a, b] = [path[i - 1] as Point, path[i] as Point];
    const step = distance(a, b);
    const share = step > 0 ? clamp(((stop[0] - a[0]) * (b[0] - a[0]) + (stop[1] - a[1]) * (b[1] - a[1])) / step ** 2) : 0;
    const at = Math.max(from, walked + share * step);
    if (at <= walked + step + 1e-9) {
      const held = step > 0 ? (at - walked) / step : 0;
      const off = distance(stop, [a[0] + (b[0] - a[0]) * held, a[1] + (b[1] - a[1]) * held]);
      if (off < least - 1e-6) [best, least] = [at, off];
    }
    walked += step;
  }
  return best;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function goesStraight(a: Point, b: Point, c: Point): boolean {
  const cross = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]);
  const dot = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]);
  return Math.abs(cross) < 1e-6 && dot > 0;
}

/** The unit normal to the right of walking from a to b, on paper (v grows downwards). */
function right(a: Point, b: Point): Point {
  const step = distance(a, b);
  return [-(b[1] - a[1]) / step, (b[0] - a[0]) / step];
}
