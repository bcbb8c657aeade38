import type { JobBest } from "../api/types.gen";

/** How much less than the baseline, 0..1; null when there is no baseline. */
export function savedShare(best: JobBest): number | null {
  return best.baseline ? (best.baseline - best.objective) / best.baseline : null;
}
