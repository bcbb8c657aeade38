import { type FormEvent, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { asProblem } from "../api/problem";
import { useStartJob } from "../api/queries";
import { count } from "../lib/format";
import { Field, described } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { type PlanChoice, START, jobOf, pointerField } from "./planChoice";

const SECONDS = [
  [5, "5 seconds: a quick look"],
  [20, "20 seconds"],
  [60, "1 minute: good plans"],
  [300, "5 minutes: the last percent"],
] as const;

/** Starts a batching job over every open order. */
export function PlanForm({ warehouse, orders }: { warehouse: string; orders: number }) {
  const [choice, setChoice] = useState<PlanChoice>(START);
  const start = useStartJob(warehouse);
  const navigate = useNavigate();
  // One key per wish to start: a second click, or a retry after a lost answer, is the same job.
  const key = useRef<string>(crypto.randomUUID());
  const faults = new Map(start.error ? asProblem(start.error).faults.map((fault) => [pointerField(fault.pointer), fault.detail]) : []);

  const set = <K extends keyof PlanChoice>(name: K, value: PlanChoice[K]) => {
    key.current = crypto.randomUUID();
    setChoice((was) => ({ ...was, [name]: value }));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate(
      { body: jobOf(choice), key: key.current },
      { onSuccess: (job) => navigate(`/w/${encodeURIComponent(warehouse)}/jobs/${encodeURIComponent(job.id)}`) },
    );
  };
  const number = (name: "items" | "orders" | "walk" | "stop" | "seed" | "pickers", label: string, hint: string, extra: object) => (
    <Field id={name} label={label} hint={hint} fault={faults.get(name)}>
      <input
        {...described(name, true, faults.get(name))}
        type="number"
        inputMode="decimal"
        value={choice[name]}
        onChange={(event) => set(name, event.target.value)}
        {...extra}
      />
    </Field>
  );

  return (
    <form className="plan-form" onSubmit={submit}>
      <p className="muted">
        Groups the {count(orders)} open orders into tours and finds the way of each one through the racks.
      </p>
      <div className="field-row">
        {number("orders", "Orders a cart", "Empty: no limit", { min: 1, step: 1, placeholder: "no limit" })}
        {number("items", "Pieces a cart", "Empty: no limit", { min: 1, step: 1, placeholder: "no limit" })}
      </div>
      <Field id="seconds" label="Time to think" fault={faults.get("seconds")}>
        <select {...described("seconds", false, faults.get("seconds"))} value={choice.seconds} onChange={(event) => set("seconds", Number(event.target.value))}>
          {SECONDS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </Field>
      <details>
        <summary>More choices</summary>
        <div className="more-choices">
          <Field id="label" label="Name of the job" hint="Shown in lists and on the report">
            <input {...described("label", true, undefined)} maxLength={200} value={choice.label} onChange={(event) => set("label", event.target.value)} />
          </Field>
          <Field id="objective" label="Make small">
            <select id="objective" value={choice.objective} onChange={(event) => set("objective", event.target.value as PlanChoice["objective"])}>
              <option value="distance">Metres walked</option>
              <option value="time">Seconds of work</option>
            </select>
          </Field>
          <div className="field-row">
            {number("walk", "Walking, m/s", "A cart is pushed at about 1.0", { min: 0.1, max: 20, step: 0.1 })}
            {number("stop", "Seconds a stop", "Finding and taking", { min: 0, step: 0.5 })}
          </div>
          <div className="field-row">
            {number("pickers", "Pickers", "Tours are shared among them", { min: 1, max: 1000, step: 1 })}
            {number("seed", "Seed", "The same seed repeats a search", { min: 0, step: 1 })}
          </div>
        </div>
      </details>
      {start.isError && <ProblemNote fault={start.error} what="The job was not started" />}
      <button type="submit" className="button primary wide" disabled={start.isPending || orders === 0}>
        {start.isPending ? "Starting…" : "Plan now"}
      </button>
      {orders === 0 && <p className="hint">There are no open orders: import some first.</p>}
    </form>
  );
}
