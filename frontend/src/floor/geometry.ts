/**
 * The floor drawn from a layout. Layouts speak metres with y growing away from the front (contracts/layout.py); a plan
 * speaks metres too, with v growing downwards as on paper, the front at the bottom. A wide floor on a narrow screen is
 * turned by a quarter, front to the left.
 */

import type { Layout } from "../api/queries";
import type { GraphLayout, ParametricLayout } from "../api/types.gen";

export type Point = readonly [number, number];

export interface Box {
  u: number;
  v: number;
  width: number;
  height: number;
}

export interface ZoneShape {
  zone: string;
  /** Path data of everything that belongs to the zone: one element however many locations there are. */
  path: string;
}

export interface AisleLabel {
  text: string;
  at: Point;
}

export interface Spot {
  /** As location ids write it: `A03-L-012`; a graph location's own id. */
  name: string;
  zone: string;
  at: Point;
}

export interface Floor {
  kind: Layout["type"];
  turned: boolean;
  box: Box;
  zones: readonly ZoneShape[];
  /** Lines between bays, or the walkable edges of a graph. */
  detail: string;
  labels: readonly AisleLabel[];
  depot: Point;
  endDepot: Point | null;
  locations: number;
  /** How far a walked line is drawn from the aisle's centre line, so that there and back are two lines (metres). */
  lane: number;
  project: (x: number, y: number) => Point;
  /** Where a location's face is. `x`, `y`: its walking position, for layouts that know no faces. */
  face: (location: string, x: number, y: number) => Point;
  /** The bay that a location belongs to as path data, or "" where there is none. */
  bay: (location: string) => string;
  /** What is at a point of the plan. */
  spotAt: (u: number, v: number) => Spot | null;
}

const MARGIN_M = 2;
const LOCATION = /^A(\d+)-([LR])-(\d+)-(\d+)$/;

export interface Slot {
  aisle: number;
  side: "L" | "R";
  bay: number;
  level: number;
}

/** `A03-L-012-2` → aisle 2, side L, bay 11, level 1, counted from 0; null for any other form. */
export function parseLocation(id: string): Slot | null {
  const found = LOCATION.exec(id);
  if (!found) return null;
  return { aisle: Number(found[1]) - 1, side: found[2] as "L" | "R", bay: Number(found[3]) - 1, level: Number(found[4]) - 1 };
}

export function makeFloor(layout: Layout, turned = false): Floor {
  return layout.type === "parametric" ? parametricFloor(layout, turned) : graphFloor(layout, turned);
}

/** Width over height of the floor as it lies, front at the bottom. */
export function aspect(layout: Layout): number {
  const { box } = makeFloor(layout);
  return box.width / box.height;
}

function parametricFloor(layout: ParametricLayout, turned: boolean): Floor {
  const { aisles, blocks, bays_per_block: bays, bay_width_m: bayWidth, aisle_pitch_m: pitch, end_gap_m: gap, sides } = layout;
  const blockLength = 2 * gap + (bays - 1) * bayWidth;
  const depth = blocks * blockLength;
  const corridor = Math.min(pitch * 0.26, 1.7); // half the width that is walked on
  const rack = pitch / 2 - corridor - pitch * 0.015; // back-to-back racks keep a seam
  const project = projection(turned, depth);

  const left = (aisle: number, side: "L" | "R") => aisle * pitch + (side === "L" ? -corridor - rack : corridor);
  const bayStart = (bay: number) => Math.floor(bay / bays) * blockLength + gap + (bay % bays) * bayWidth - bayWidth / 2;
  const sideList: readonly ("L" | "R")[] = sides === 2 ? ["L", "R"] : ["L"];

  const byZone = new Map<string, string[]>();
  const dividers: string[] = [];
  for (let aisle = 0; aisle < aisles; aisle++) {
    const zone = zoneOf(layout, aisle);
    const shapes = byZone.get(zone) ?? [];
    byZone.set(zone, shapes);
    for (const side of sideList) {
      const x = left(aisle, side);
      for (let block = 0; block < blocks; block++) {
        shapes.push(rectangle(project, x, bayStart(block * bays), rack, bays * bayWidth));
        for (let bay = 1; bay < bays; bay++) {
          const y = bayStart(block * bays + bay);
          dividers.push(line(project(x, y), project(x + rack, y)));
        }
      }
    }
  }

  const depotPoint = (at: { aisle: number; cross_aisle: number }) => project(at.aisle * pitch, at.cross_aisle * blockLength);
  const known = (slot: Slot | null): slot is Slot => slot !== null && slot.aisle < aisles && slot.bay < bays * blocks;
  const outer = pitch / 2;

  return {
    kind: "parametric",
    turned,
    box: boxOf(project, -outer - MARGIN_M, -MARGIN_M, (aisles - 1) * pitch + outer + MARGIN_M, depth + MARGIN_M),
    zones: [...byZone].map(([zone, shapes]) => ({ zone, path: shapes.join("") })),
    detail: dividers.join(""),
    labels: aisleLabels(layout, project, depth),
    depot: depotPoint(layout.depot),
    endDepot: layout.end_depot ? depotPoint(layout.end_depot) : null,
    locations: aisles * blocks * bays * layout.levels * sides,
    lane: Math.min(corridor * 0.38, 0.5),
    project,
    face: (location, x, y) => {
      const slot = parseLocation(location);
      if (!known(slot)) return project(x, y);
      return project(left(slot.aisle, slot.side) + rack / 2, bayStart(slot.bay) + bayWidth / 2);
    },
    bay: (location) => {
      const slot = parseLocation(location);
      return known(slot) ? rectangle(project, left(slot.aisle, slot.side), bayStart(slot.bay), rack, bayWidth) : "";
    },
    spotAt: (u, v) => {
      const [x, y] = unproject(turned, depth, u, v);
      const aisle = Math.round(x / pitch);
      if (aisle < 0 || aisle >= aisles) return null;
      const side = x < aisle * pitch ? "L" : "R";
      if (side === "R" && sides === 1) return null;
      const within = x - left(aisle, side);
      const block = Math.floor(y / blockLength);
      const bay = Math.floor((y - block * blockLength - gap + bayWidth / 2) / bayWidth);
      if (within < 0 || within > rack || block < 0 || block >= blocks || bay < 0 || bay >= bays) return null;
      const number = block * bays + bay;
      const name = `A${String(aisle + 1).padStart(2, "0")}-${side}-${String(number + 1).padStart(3, "0")}`;
      return { name, zone: zoneOf(layout, aisle), at: project(left(aisle, side) + rack / 2, bayStart(number) + bayWidth / 2) };
    },
  };
}

export function zoneOf(layout: ParametricLayout, aisle: number): string {
  return layout.zones.find((zone) => zone.first_aisle <= aisle && aisle <= zone.last_aisle)?.id ?? "main";
}

/** Every aisle, or every second, fifth, tenth… when there are many. */
function aisleLabels(layout: ParametricLayout, project: Floor["project"], depth: number): AisleLabel[] {
  const step = [1, 2, 5, 10, 20, 50, 100].find((every) => layout.aisles / every <= 24) ?? 100;
  const labels: AisleLabel[] = [];
  for (let aisle = 0; aisle < layout.aisles; aisle++) {
    if (aisle !== 0 && (aisle + 1) % step !== 0) continue;
    labels.push({ text: `A${String(aisle + 1).padStart(2, "0")}`, at: project(aisle * layout.aisle_pitch_m, depth + 1.4) });
  }
  return labels;
}

function graphFloor(layout: GraphLayout, turned: boolean): Floor {
  const nodes = new Map(layout.nodes.map((node) => [node.id, node]));
  let [low, high, left, right] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x_m, y_m } of layout.nodes) {
    [low, high] = [Math.min(low, y_m), Math.max(high, y_m)];
    [left, right] = [Math.min(left, x_m), Math.max(right, x_m)];
  }
  const project = projection(turned, high);
  const at = (id: string): Point => {
    const node = nodes.get(id);
    return node ? project(node.x_m, node.y_m) : project(left, low);
  };
  const edges = layout.edges.map((edge) => line(at(edge.from_node), at(edge.to_node)));
  const byZone = new Map<string, string[]>();
  const spots: Spot[] = [];
  for (const place of layout.locations) {
    const point = at(place.node);
    const shapes = byZone.get(place.zone) ?? [];
    byZone.set(place.zone, shapes);
    shapes.push(dot(point));
    spots.push({ name: place.id, zone: place.zone, at: point });
  }
  const reach = Math.max(1, Math.max(right - left, high - low) / 100);
  return {
    kind: "graph",
    turned,
    box: boxOf(project, left - MARGIN_M, low - MARGIN_M, right + MARGIN_M, high + MARGIN_M),
    zones: [...byZone].map(([zone, shapes]) => ({ zone, path: shapes.join("") })),
    detail: edges.join(""),
    labels: [],
    depot: at(layout.depot),
    endDepot: layout.end_depot ? at(layout.end_depot) : null,
    locations: layout.locations.length,
    lane: reach * 0.2,
    project,
    face: (_location, x, y) => project(x, y),
    bay: () => "",
    spotAt: (u, v) => nearest(spots, u, v, reach),
  };
}

function nearest(spots: readonly Spot[], u: number, v: number, reach: number): Spot | null {
  let [best, least]: [Spot | null, number] = [null, reach];
  for (const spot of spots) {
    const distance = Math.hypot(spot.at[0] - u, spot.at[1] - v);
    if (distance < least) [best, least] = [spot, distance];
  }
  return best;
}

function projection(turned: boolean, depth: number): Floor["project"] {
  return turned ? (x, y) => [y, x] : (x, y) => [x, depth - y];
}

function unproject(turned: boolean, depth: number, u: number, v: number): Point {
  return turned ? [v, u] : [u, depth - v];
}

function boxOf(project: Floor["project"], x0: number, y0: number, x1: number, y1: number): Box {
  const [a, b] = [project(x0, y0), project(x1, y1)];
  const [u, v] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  return { u, v, width: Math.abs(a[0] - b[0]), height: Math.abs(a[1] - b[1]) };
}

function rectangle(project: Floor["project"], x: number, y: number, width: number, depth: number): string {
  const [a, b] = [project(x, y), project(x + width, y + depth)];
  return `M${short(a[0])} ${short(a[1])}H${short(b[0])}V${short(b[1])}H${short(a[0])}Z`;
}

function line(a: Point, b: Point): string {
  return `M${short(a[0])} ${short(a[1])}L${short(b[0])} ${short(b[1])}`;
}

/** A line of no length: with round caps it is a dot, however far one zooms. */
function dot(at: Point): string {
  return `M${short(at[0])} ${short(at[1])}h0`;
}

/** Centimetres are enough on a plan, and keep path data small. */
export function short(metres: number): string {
  return String(Math.round(metres * 100) / 100);
}
