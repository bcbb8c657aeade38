import { type KeyboardEvent, type PointerEvent, type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { Box } from "./geometry";

const MOST = 12;
const STEP = 1.5;

interface View {
  scale: number;
  /** Centre of what is shown, in metres of the plan. */
  u: number;
  v: number;
}

export interface PanZoom {
  scale: number;
  viewBox: Box;
  zoom: (factor: number) => void;
  reset: () => void;
  focus: (u: number, v: number) => void;
  handlers: {
    onKeyDown: (event: KeyboardEvent) => void;
    onPointerDown: (event: PointerEvent) => void;
    onPointerMove: (event: PointerEvent) => void;
    onPointerUp: (event: PointerEvent) => void;
    onPointerCancel: (event: PointerEvent) => void;
  };
}

/** Zoom with buttons, + and -, ctrl and wheel or a pinch; move with the arrow keys or by dragging. A plain wheel scrolls the page. */
export function usePanZoom(element: RefObject<HTMLElement | null>, box: Box, metresPerPixel: number): PanZoom {
  const home: View = { scale: 1, u: box.u + box.width / 2, v: box.v + box.height / 2 };
  const [view, setView] = useState<View | null>(null);
  const shown = view ?? home;
  const pointers = useRef(new Map<number, { x: number; y: number }>());

  const held = useCallback(
    (next: View): View | null => {
      if (next.scale <= 1.001) return null;
      const [halfU, halfV] = [box.width / 2 / next.scale, box.height / 2 / next.scale];
      const hold = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
      return {
        scale: Math.min(MOST, next.scale),
        u: hold(next.u, box.u + halfU, box.u + box.width - halfU),
        v: hold(next.v, box.v + halfV, box.v + box.height - halfV),
      };
    },
    [box.u, box.v, box.width, box.height],
  );
  const [homeU, homeV] = [home.u, home.v];
  const change = useCallback(
    (make: (was: View) => View) => setView((was) => held(make(was ?? { scale: 1, u: homeU, v: homeV }))),
    [held, homeU, homeV],
  );
  const zoom = useCallback((factor: number) => change((was) => ({ ...was, scale: was.scale * factor })), [change]);
  const move = (du: number, dv: number) => change((was) => ({ ...was, u: was.u + du, v: was.v + dv }));

  useEffect(() => {
    const target = element.current;
    if (!target) return;
    // React listens to wheel passively, and a passive listener cannot keep the page from zooming.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300));
    };
    target.addEventListener("wheel", onWheel, { passive: false });
    return () => target.removeEventListener("wheel", onWheel);
  }, [element, zoom]);

  const step = 60 * (metresPerPixel / shown.scale);
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move(-step, 0),
    ArrowRight: () => move(step, 0),
    ArrowUp: () => move(0, -step),
    ArrowDown: () => move(0, step),
    "+": () => zoom(STEP),
    "=": () => zoom(STEP),
    "-": () => zoom(1 / STEP),
    "0": () => setView(null),
  };
  const release = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
  };

  return {
    scale: shown.scale,
    viewBox: {
      u: shown.u - box.width / 2 / shown.scale,
      v: shown.v - box.height / 2 / shown.scale,
      width: box.width / shown.scale,
      height: box.height / shown.scale,
    },
    zoom,
    reset: () => setView(null),
    focus: (u, v) => change((was) => ({ ...was, u, v })),
    handlers: {
      onKeyDown: (event) => {
        const act = keys[event.key];
        if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
        if (shown.scale === 1 && event.key.startsWith("Arrow")) return; // nothing to move to: the page scrolls
        event.preventDefault();
        act();
      },
      onPointerDown: (event) => {
        pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
        if (shown.scale > 1 && event.pointerType === "mouse") event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerMove: (event) => {
        const before = pointers.current.get(event.pointerId);
        if (!before) return;
        const now = { x: event.clientX, y: event.clientY };
        const others = [...pointers.current].filter(([id]) => id !== event.pointerId);
        const other = others[0]?.[1];
        if (other) {
          const spread = (at: { x: number; y: number }) => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
          zoom(spread(now) / spread(before));
        } else if (shown.scale > 1) {
          const perPixel = metresPerPixel / shown.scale;
          move((before.x - now.x) * perPixel, (before.y - now.y) * perPixel);
        }
        pointers.current.set(event.pointerId, now);
      },
      onPointerUp: release,
      onPointerCancel: release,
    },
  };
}
