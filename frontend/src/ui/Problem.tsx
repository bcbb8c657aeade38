import type { ReactNode } from "react";
import { asProblem } from "../api/problem";

interface ProblemNoteProps {
  fault: unknown;
  /** What was being tried, as in "The job was not started". */
  what?: string;
  onRetry?: (() => void) | undefined;
  children?: ReactNode;
}

/** A failure as the API told it: what, where in the request, and the trace id to quote. */
export function ProblemNote({ fault, what, onRetry, children }: ProblemNoteProps) {
  const problem = asProblem(fault);
  return (
    <div className="note bad" role="alert">
      <p className="note-title">{what ?? problem.title}</p>
      {problem.detail && <p>{problem.detail}</p>}
      {problem.faults.length > 0 && (
        <ul className="faults">
          {problem.faults.map((one) => (
            <li key={`${one.pointer} ${one.detail}`}>
              {one.pointer && <code>{one.pointer}</code>} {one.detail}
            </li>
          ))}
        </ul>
      )}
      {children}
      <p className="note-foot">
        {onRetry && (
          <button type="button" className="button small" onClick={onRetry}>
            Try again
          </button>
        )}
        {problem.retryAfter !== null && <span>The server asks to wait {problem.retryAfter} s.</span>}
        <span>
          {problem.status > 0 && `${problem.status} `}
          {problem.code}
        </span>
        {problem.traceId && (
          <span>
            trace <code>{problem.traceId}</code>
          </span>
        )}
      </p>
    </div>
  );
}
