import { describe, expect, it } from "vitest";
import type { Batch, ParametricLayout } from "../src/api/types.gen";
import { makeFloor, parseLocation } from "../src/floor/geometry";
import { heatOf } from "../src/floor/heat";
import { keepRight, lengthOf, partOf, pointAt, simplify } from "../src/floor/route";
import { markerText, markersOf } from "../src/floor/stops";

const LIMITS = { max_weight_g: null, max_volume_mm3: null, width_mm: null, depth_mm: null, height_mm: null };
const layout: ParametricLayout = {
  type: "parametric", aisles: 3, blocks: 2, bays_per_block: 10, levels: 2, sides: 2, aisle_pitch_m: 5, bay_width_m: 1,
  end_gap_m: 1, level_height_m: 1.5, depot: { aisle: 0, cross_aisle: 0 }, end_depot: null, zones: [], location_limits: LIMITS,
};
const batch = (stops: Batch["stops"]): Batch => ({
  id: "B1", orders: ["o1"], zone: null, nodes: [], stops, path: [[0, 0], [0, 5], [0, 0]], distance_m: 10, seconds: 10, items: 1, totes: 0,
  volume_mm3: null, weight_g: null, picker: null, start_s: null, finish_s: null,
});
const at = (location: string): Batch["stops"][number] => ({ location, sku: "s", quantity: 1, x_m: 0, y_m: 1 });

describe("the floor of a parametric layout", () => {
  it("reads a location id from 1 as numbers from 0", () => {
    expect(parseLocation("A03-L-012-2")).toEqual({ aisle: 2, side: "L", bay: 11, level: 1 });
    expect(parseLocation("rack 7")).toBeNull();
  });

  it("puts the front at the bottom: two blocks of 2 x 1 + 9 x 1 = 11 m are 22 m deep", () => {
    const floor = makeFloor(layout);
    expect(floor.project(0, 0)).toEqual([0, 22]);
    expect(floor.depot).toEqual([0, 22]);
    expect(floor.locations).toBe(3 * 2 * 10 * 2 * 2);
  });

  it("finds at a bay's face the bay that was drawn there, also turned by a quarter", () => {
    for (const turned of [false, true]) {
      const floor = makeFloor(layout, turned);
      for (const id of ["A01-L-001", "A02-R-010", "A03-L-011", "A03-R-020"]) {
        const [u, v] = floor.face(`${id}-1`, 0, 0);
        expect(floor.spotAt(u, v)?.name).toBe(id);
      }
    }
  });

  it("finds nothing in the middle of an aisle", () => {
    expect(makeFloor(layout).spotAt(5, 11)).toBeNull();
  });

  it("draws 10,000 locations with one element a zone", () => {
    const floor = makeFloor({ ...layout, aisles: 25, bays_per_block: 50, levels: 2 });
    expect(floor.locations).toBe(10_000);
    expect(floor.zones).toHaveLength(1);
  });
});

describe("a walked path", () => {
  it("drops points in the middle of a straight walk and keeps a turn back", () => {
    expect(simplify([[0, 0], [0, 1], [0, 2], [0, 2], [0, 0]])).toEqual([[0, 0], [0, 2], [0, 0]]);
  });

  it("keeps to the right, so that in and out of an aisle are two lines", () => {
    // Down the paper first: right of walking towards +v is -u; on the way back it is +u.
    expect(keepRight([[0, 0], [0, 4], [0, 0]], 0.5)).toEqual([[-0.5, 0], [-0.5, 4], [0.5, 4], [0.5, 0]]);
  });

  it("knows its length and the point along it", () => {
    const path = [[0, 0], [3, 0], [3, 4]] as const;
    expect(lengthOf(path)).toBe(7);
    expect(pointAt(path, 5)).toEqual([3, 2]);
    expect(pointAt(path, 99)).toEqual([3, 4]);
    expect(partOf(path, 5)).toEqual([[0, 0], [3, 0], [3, 2]]);
    expect(partOf(path, 3)).toEqual([[0, 0], [3, 0]]);
    expect(partOf(path, 99)).toEqual(path);
  });
});

describe("stops and busy bays", () => {
  it("shares one marker between the stops at one bay", () => {
    const markers = markersOf(makeFloor(layout), batch([at("A01-L-001-1"), at("A01-L-001-2"), at("A02-L-001-1")]));
    expect(markers.map((marker) => markerText(marker.stops))).toEqual(["1–2", "3"]);
  });

  it("colours the busiest bay strongest", () => {
    const levels = heatOf(makeFloor(layout), [batch([at("A01-L-001-1"), at("A01-L-001-2"), at("A02-L-001-1")])]);
    expect(levels.at(-1)).toMatchObject({ from: 2, to: 2 });
    expect(heatOf(makeFloor(layout), [])).toEqual([]);
  });
});
