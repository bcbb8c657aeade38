/** The small pieces that pages are made of. */

import type { ReactNode } from "react";
import type { JobStatus } from "../api/types.gen";

export function Card({ title, side, children, className = "" }: { title?: ReactNode; side?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={`card ${className}`}>
      {(title || side) && (
        <header className="card-head">
          {title && <h2>{title}</h2>}
          {side && <div className="card-side">{side}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export function Figures({ children }: { children: ReactNode }) {
  return <dl className="figures">{children}</dl>;
}

export function Figure({ name, value, note, tone }: { name: string; value: ReactNode; note?: ReactNode; tone?: "good" | "accent" | undefined }) {
  return (
    <div className="figure" data-tone={tone}>
      <dt>{name}</dt>
      <dd>
        <span className="figure-value">{value}</span>
        {note && <span className="figure-note">{note}</span>}
      </dd>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** What is on its way, in the shape that it will have. */
export function Loading({ rows = 3, what }: { rows?: number; what: string }) {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">Loading {what}…</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className="skeleton" aria-hidden="true" />
      ))}
    </div>
  );
}

const STATES: Record<JobStatus["state"], string> = {
  queued: "Queued",
  running: "Running",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function StatePill({ state }: { state: JobStatus["state"] }) {
  return (
    <span className="pill" data-state={state}>
      {STATES[state]}
    </span>
  );
}

interface FieldProps {
  id: string;
  label: string;
  hint?: ReactNode;
  fault?: string | undefined;
  children: ReactNode;
}

/** A labelled control; the control's aria-describedby should name `${id}-hint` and `${id}-fault` (see `described`). */
export function Field({ id, label, hint, fault, children }: FieldProps) {
  return (
    <div className="field" data-fault={fault !== undefined}>
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {fault && (
        <p className="field-fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  );
}

export function described(id: string, hint: boolean, fault: string | undefined) {
  const names = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  return { id, "aria-describedby": names || undefined, "aria-invalid": fault ? true : undefined } as const;
}
