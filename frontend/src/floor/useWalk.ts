import { useCallback, useEffect, useState } from "react";

const PLAY_SECONDS = 14;

export interface Walk {
  /** undefined: not playing, the whole route is shown. */
  walked: number | undefined;
  playing: boolean;
  toggle: () => void;
  seek: (metres: number) => void;
  clear: () => void;
}

/** Plays a route of `metres`, whatever its length, in the same time. `of`: what is played; another one starts afresh. */
export function useWalk(metres: number, of: string): Walk {
  const [walked, setWalked] = useState<number | undefined>();
  const [playing, setPlaying] = useState(false);

  useEffect(() => {
    setWalked(undefined);
    setPlaying(false);
  }, [of]);

  useEffect(() => {
    if (!playing) return;
    let frame = 0;
    let before = performance.now();
    const tick = (now: number) => {
      const gained = ((now - before) / 1000) * (metres / PLAY_SECONDS);
      before = now;
      setWalked((was) => Math.min(metres, (was ?? 0) + gained));
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [playing, metres]);

  const arrived = walked !== undefined && walked >= metres;
  useEffect(() => {
    if (arrived) setPlaying(false);
  }, [arrived]);

  return {
    walked,
    playing,
    toggle: useCallback(() => {
      setWalked((was) => (was === undefined || was >= metres ? 0 : was));
      setPlaying((was) => !was);
    }, [metres]),
    seek: useCallback((to: number) => {
      setPlaying(false);
      setWalked(to);
    }, []),
    clear: useCallback(() => {
      setPlaying(false);
      setWalked(undefined);
    }, []),
  };
}
