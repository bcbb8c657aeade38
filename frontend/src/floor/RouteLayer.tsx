import { useMemo } from "react";
import type { Batch } from "../api/types.gen";
import type { Floor, Point } from "./geometry";
import { keepRight, lengthOf, partOf, pathData, pointAt } from "./route";
import { markerText, markersOf } from "./stops";

/** Where more markers than this lie close together, numbers would cover each other: dots, until one zooms in. */
const CROWD = 30;
const CROWDED_M_PER_PIXEL = 0.1;

interface RouteLayerProps {
  floor: Floor;
  batch: Batch;
  pixel: number;
  walked: number | undefined;
  stop: number | null;
  onStop: ((stop: number | null) => void) | undefined;
}

/** A batch's walk: its path on the right-hand lane, arrows, numbered stops, and the walker while it is played. */
export function RouteLayer({ floor, batch, pixel, walked, stop, onStop }: RouteLayerProps) {
  const path = useMemo(() => {
    const points = batch.path.map(([x, y]): Point => floor.project(x, y));
    return keepRight(points, floor.lane);
  }, [batch, floor]);
  const markers = useMemo(() => markersOf(floor, batch), [batch, floor]);
  const total = useMemo(() => lengthOf(path), [path]);
  const part = walked === undefined ? 1 : Math.min(1, walked / Math.max(batch.distance_m, 1e-9));
  const walker = walked === undefined ? null : pointAt(path, part * total);
  const radius = (markers.length > 40 ? 7 : 9) * pixel;
  const crowded = markers.length > CROWD && pixel > CROWDED_M_PER_PIXEL;

  return (
    <g className="route">
      <path className="route-casing" d={pathData(path)} />
      <path className="route-line faint" d={pathData(path)} />
      <path className="route-line" d={pathData(part < 1 ? partOf(path, part * total) : path)} />
      {arrows(path, total, pixel).map(({ at, turn }) => (
        <path
          key={`${at[0]} ${at[1]} ${turn}`}
          className="route-arrow"
          d={`M${-3.4 * pixel} ${-3.2 * pixel}L${3.4 * pixel} 0L${-3.4 * pixel} ${3.2 * pixel}Z`}
          transform={`translate(${at[0]} ${at[1]}) rotate(${turn})`}
        />
      ))}
      {markers.map((marker) => {
        const active = stop !== null && marker.stops.includes(stop);
        const text = markerText(marker.stops);
        const bare = crowded && !active;
        const tall = bare ? radius * 0.5 : radius;
        const wide = text.length > 2 && !bare ? radius * (0.6 + text.length * 0.28) : tall;
        return (
          <g
            key={marker.stops[0]}
            className="stop-marker"
            data-active={active}
            onPointerEnter={() => onStop?.(marker.stops[0] ?? null)}
            onPointerLeave={() => onStop?.(null)}
          >
            <rect x={marker.at[0] - wide} y={marker.at[1] - tall} width={2 * wide} height={2 * tall} rx={tall} />
            {!bare && (
              <text x={marker.at[0]} y={marker.at[1]} fontSize={radius * 1.15}>
                {text}
              </text>
            )}
          </g>
        );
      })}
      {walker && (
        <g className="walker">
          <circle cx={walker[0]} cy={walker[1]} r={11 * pixel} className="walker-halo" />
          <circle cx={walker[0]} cy={walker[1]} r={5.5 * pixel} />
        </g>
      )}
    </g>
  );
}

/** Arrow heads about every 110 pixels of the way, on the middle of straight stretches. */
function arrows(path: readonly Point[], total: number, pixel: number): { at: Point; turn: number }[] {
  const every = 110 * pixel;
  const heads: { at: Point; turn: number }[] = [];
  if (total <= 0) return heads;
  for (let i = 1; i < path.length; i++) {
    const [a, b] = [path[i - 1] as Point, path[i] as Point];
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    if (length < 28 * pixel) continue;
    const pieces = Math.max(1, Math.round(length / every));
    const turn = (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI;
    for (let piece = 0; piece < pieces; piece++) {
      const share = (piece + 0.5) / pieces;
      heads.push({ at: [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share], turn });
    }
  }
  return heads;
}
