/** Stops as the plan shows them: several stops at one bay share a marker. */

import type { Batch } from "../api/types.gen";
import type { Floor, Point } from "./geometry";

export interface Marker {
  at: Point;
  /** Numbers of the stops here, from 1, in walking order. */
  stops: number[];
}

export function markersOf(floor: Floor, batch: Batch): Marker[] {
  const markers = new Map<string, Marker>();
  for (const [index, stop] of batch.stops.entries()) {
    const at = floor.face(stop.location, stop.x_m, stop.y_m);
    const key = `${at[0].toFixed(2)} ${at[1].toFixed(2)}`;
    const marker = markers.get(key) ?? { at, stops: [] };
    marker.stops.push(index + 1);
    markers.set(key, marker);
  }
  return [...markers.values()];
}

/** "4", "4–6" for neighbours, "4+" when a marker is passed again later. */
export function markerText(stops: readonly number[]): string {
  const [first, last] = [stops[0] ?? 0, stops.at(-1) ?? 0];
  if (stops.length === 1) return String(first);
  return last - first === stops.length - 1 ? `${first}–${last}` : `${first}+`;
}
