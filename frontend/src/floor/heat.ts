/** How busy each bay is under a plan: pieces of work (stops) per bay, in five levels, one path per level. */

import type { Batch } from "../api/types.gen";
import type { Floor } from "./geometry";

export const HEAT_LEVELS = 5;

export interface HeatLevel {
  level: number;
  path: string;
  from: number;
  to: number;
}

export function visitsPerBay(batches: readonly Batch[]): Map<string, number> {
  const visits = new Map<string, number>();
  for (const batch of batches) {
    for (const stop of batch.stops) {
      const bay = stop.location.replace(/-\d+$/, "");
      visits.set(bay, (visits.get(bay) ?? 0) + 1);
    }
  }
  return visits;
}

/** Levels by equal steps of the square root, so that a few very busy bays do not hide the rest. */
export function heatOf(floor: Floor, batches: readonly Batch[]): HeatLevel[] {
  const visits = visitsPerBay(batches);
  const most = Math.max(0, ...visits.values());
  if (most === 0) return [];
  const levels: HeatLevel[] = Array.from({ length: HEAT_LEVELS }, (_, level) => ({ level, path: "", from: Infinity, to: 0 }));
  for (const [bay, times] of visits) {
    const level = levels[Math.min(HEAT_LEVELS - 1, Math.floor(Math.sqrt(times / most) * HEAT_LEVELS))];
    if (!level) continue;
    level.path += floor.bay(`${bay}-1`);
    level.from = Math.min(level.from, times);
    level.to = Math.max(level.to, times);
  }
  return levels.filter((level) => level.to > 0);
}
