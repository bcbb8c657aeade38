/** What a supervisor chooses for a batching job, and the request that it becomes. */

import type { Cart, JobCreate, Pace } from "../api/types.gen";

export interface PlanChoice {
  items: string;
  orders: string;
  seconds: number;
  label: string;
  objective: "distance" | "time";
  walk: string;
  stop: string;
  pickers: string;
  seed: string;
}

export const START: PlanChoice = {
  items: "",
  orders: "12",
  seconds: 20,
  label: "",
  objective: "distance",
  walk: "1",
  stop: "8",
  pickers: "1",
  seed: "1",
};

const DEADLINE_SLACK_S = 600; // a container may have to start, and start again

/** Empty fields are left out, so that the server's defaults hold. */
export function jobOf(choice: PlanChoice): JobCreate {
  const cart: Cart = {};
  const pace: Pace = {};
  const [orders, items, walk, stop] = [choice.orders, choice.items, choice.walk, choice.stop].map(numberOf);
  if (orders !== undefined) cart.orders = orders;
  if (items !== undefined) cart.items = items;
  if (walk !== undefined) pace.walk_m_per_s = walk;
  if (stop !== undefined) pace.stop_s = stop;
  const parameters: Record<string, unknown> = { cart, pace, objective: choice.objective };
  const pickers = numberOf(choice.pickers);
  if (pickers !== undefined) parameters["pickers"] = pickers;
  const seed = numberOf(choice.seed);
  return {
    problem: "batching",
    parameters,
    budget: { seconds: choice.seconds, ...(seed === undefined ? {} : { seed }) },
    deadline_seconds: choice.seconds + DEADLINE_SLACK_S,
    label: choice.label.trim(),
  };
}

const FIELDS: Record<string, keyof PlanChoice> = {
  "/parameters/cart/items": "items",
  "/parameters/cart/orders": "orders",
  "/parameters/pace/walk_m_per_s": "walk",
  "/parameters/pace/stop_s": "stop",
  "/parameters/pickers": "pickers",
  "/parameters/objective": "objective",
  "/budget/seconds": "seconds",
  "/budget/seed": "seed",
  "/label": "label",
};

/** The field of the form that a fault's JSON pointer means; the pointer itself when there is none. */
export function pointerField(pointer: string): string {
  return FIELDS[pointer] ?? pointer;
}

function numberOf(text: string): number | undefined {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? undefined : value;
}
