import { type ReactNode, memo, useMemo, useRef, useState } from "react";
import type { Layout } from "../api/queries";
import type { Batch } from "../api/types.gen";
import { useWidth } from "../ui/useSize";
import { type Floor, type Spot, aspect, makeFloor } from "./geometry";
import { type HeatLevel, heatOf } from "./heat";
import { RouteLayer } from "./RouteLayer";
import { usePanZoom } from "./usePanZoom";

const NARROW_PX = 600;
const TURN_ABOVE = 1.25;
const MOST_HEIGHT_PX = 620;

export interface FloorPlanProps {
  layout: Layout;
  /** What the plan shows, for those who cannot see it. */
  label: string;
  batch?: Batch | undefined;
  /** All batches of the plan: how often each bay is visited. */
  heat?: readonly Batch[] | undefined;
  /** Metres of the route that are walked so far; undefined: all. */
  walked?: number | undefined;
  stop?: number | null;
  onStop?: (stop: number | null) => void;
  children?: ReactNode;
}

/** The floor in true proportions. The number of SVG elements depends on zones and stops, never on locations. */
export function FloorPlan({ layout, label, batch, heat, walked, stop = null, onStop, children }: FloorPlanProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const turned = width > 0 && width < NARROW_PX && aspect(layout) > TURN_ABOVE;
  const floor = useMemo(() => makeFloor(layout, turned), [layout, turned]);
  const levels = useMemo(() => (heat ? heatOf(floor, heat) : []), [floor, heat]);
  const height = Math.min(MOST_HEIGHT_PX, Math.max(160, (width * floor.box.height) / floor.box.width));
  const fit = Math.min(width / floor.box.width, height / floor.box.height) || 1;
  const view = usePanZoom(frame, floor.box, 1 / fit);
  const pixel = 1 / (fit * view.scale); // metres that one CSS pixel covers
  const [spot, setSpot] = useState<Spot | null>(null);
  const { u, v, width: boxWidth, height: boxHeight } = view.viewBox;

  return (
    <div className="floor">
      {/* A group that takes the arrow keys once it is zoomed in; the buttons do the same for everybody else. */}
      <div
        ref={frame}
        className="floor-frame"
        role="group"
        aria-label={`${label}. Plus and minus zoom, arrow keys move.`}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a pan area needs the keyboard's focus
        tabIndex={0}
        data-zoomed={view.scale > 1}
        {...view.handlers}
      >
        {width > 0 && (
          <svg
            role="img"
            aria-label={label}
            width={width}
            height={height}
            viewBox={`${u} ${v} ${boxWidth} ${boxHeight}`}
            onPointerMove={(event) => setSpot(spotUnder(floor, event.currentTarget, event.clientX, event.clientY))}
            onPointerLeave={() => setSpot(null)}
          >
            <Racks floor={floor} detailed={0.5 / pixel >= 3 || floor.kind === "graph"} levels={levels} />
            <Labels floor={floor} pixel={pixel} />
            <Depots floor={floor} pixel={pixel} />
            {batch && <RouteLayer floor={floor} batch={batch} pixel={pixel} walked={walked} stop={stop} onStop={onStop} />}
            {spot && <circle className="floor-spot" cx={spot.at[0]} cy={spot.at[1]} r={5 * pixel} />}
          </svg>
        )}
      </div>
      <div className="floor-tools" role="toolbar" aria-label="Zoom">
        <button type="button" className="icon-button" aria-label="Zoom in" onClick={() => view.zoom(1.5)}>
          +
        </button>
        <button type="button" className="icon-button" aria-label="Zoom out" disabled={view.scale === 1} onClick={() => view.zoom(1 / 1.5)}>
          −
        </button>
        <button type="button" className="icon-button" aria-label="Show the whole floor" disabled={view.scale === 1} onClick={view.reset}>
          ⤢
        </button>
      </div>
      <div className="floor-foot">
        <Legend floor={floor} levels={levels} route={batch !== undefined} />
        <output className="floor-readout">{spot ? `${spot.name} · zone ${spot.zone}` : ""}</output>
      </div>
      {children}
    </div>
  );
}

function spotUnder(floor: Floor, svg: SVGSVGElement, x: number, y: number): Spot | null {
  const matrix = svg.getScreenCTM();
  if (!matrix) return null;
  const point = new DOMPoint(x, y).matrixTransform(matrix.inverse());
  return floor.spotAt(point.x, point.y);
}

interface RacksProps {
  floor: Floor;
  detailed: boolean;
  levels: readonly HeatLevel[];
}

/** The heavy part: drawn again only when the layout or the plan changes, not while something moves on it. */
const Racks = memo(function Racks({ floor, detailed, levels }: RacksProps) {
  const drawing = floor.kind === "graph" ? "floor-places" : "floor-rack";
  return (
    <g>
      {floor.kind === "graph" && <path className="floor-edges" d={floor.detail} />}
      {floor.zones.map((zone, index) => (
        <path key={zone.zone} className={drawing} data-zone={index % 8} d={zone.path} />
      ))}
      {levels.map((level) => (
        <path key={level.level} className="floor-heat" data-level={level.level} d={level.path} />
      ))}
      {floor.kind === "parametric" && detailed && <path className="floor-bays" d={floor.detail} />}
    </g>
  );
});

const Labels = memo(function Labels({ floor, pixel }: { floor: Floor; pixel: number }) {
  return (
    <g className="floor-labels" fontSize={11 * pixel}>
      {floor.labels.map((label) => (
        <text key={label.text} x={label.at[0]} y={label.at[1]}>
          {label.text}
        </text>
      ))}
    </g>
  );
});

function Depots({ floor, pixel }: { floor: Floor; pixel: number }) {
  const size = 9 * pixel;
  const places = floor.endDepot ? ([["Start", floor.depot], ["End", floor.endDepot]] as const) : ([["Depot", floor.depot]] as const);
  return (
    <g>
      {places.map(([name, [u, v]]) => (
        <g key={name} className="floor-depot">
          <rect x={u - size} y={v - size} width={2 * size} height={2 * size} rx={2.5 * pixel} />
          <path
            d={`M${u - size * 0.5} ${v + size * 0.55}V${v - size * 0.1}L${u} ${v - size * 0.55}L${u + size * 0.5} ${v - size * 0.1}V${v + size * 0.55}Z`}
          />
          <title>{name}</title>
        </g>
      ))}
    </g>
  );
}

function Legend({ floor, levels, route }: { floor: Floor; levels: readonly HeatLevel[]; route: boolean }) {
  const busiest = levels.at(-1);
  return (
    <ul className="legend" aria-label="Legend">
      {floor.zones.length > 1 &&
        floor.zones.map((zone, index) => (
          <li key={zone.zone}>
            <span className="swatch zone" data-zone={index % 8} aria-hidden="true" />
            {zone.zone}
          </li>
        ))}
      {route && (
        <li>
          <span className="swatch route" aria-hidden="true" />
          Walked path
        </li>
      )}
      {busiest && (
        <li>
          <span className="heat-scale" aria-hidden="true">
            {levels.map((level) => (
              <span key={level.level} data-level={level.level} />
            ))}
          </span>
          1 to {busiest.to} stops a bay
        </li>
      )}
      <li>
        <span className="swatch depot" aria-hidden="true" />
        {floor.endDepot ? "Start and end" : "Depot"}
      </li>
    </ul>
  );
}
