import { useId, useState } from "react";
import { useChangeStock } from "../api/queries";
import type { StockLineState } from "../api/types.gen";
import { ProblemNote } from "../ui/Problem";

const OPERATIONS = [
  ["count", "Counted"],
  ["receive", "Received"],
  ["adjust", "Corrected by"],
  ["pick", "Picked"],
] as const;

type Op = (typeof OPERATIONS)[number][0];

/** One change of one line. The version that was read goes along, so that nobody's change is overwritten unseen. */
export function StockChange({ warehouse, line, onDone }: { warehouse: string; line: StockLineState; onDone: () => void }) {
  const [op, setOp] = useState<Op>("count");
  const [amount, setAmount] = useState("");
  const [reference, setReference] = useState("");
  const change = useChangeStock(warehouse);
  const id = useId();
  const whole = /^-?\d+$/.test(amount) ? Number(amount) : null;

  const submit = () => {
    if (whole === null) return;
    const body = op === "adjust" ? { op, delta: whole, reference } : { op, quantity: whole, reference };
    change.mutate({ line, body, key: crypto.randomUUID() }, { onSuccess: onDone });
  };
  return (
    <form
      className="stock-change"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label htmlFor={`${id}-op`} className="visually-hidden">
        What happened
      </label>
      <select id={`${id}-op`} value={op} onChange={(event) => setOp(event.target.value as Op)}>
        {OPERATIONS.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}-amount`} className="visually-hidden">
        Pieces
      </label>
      <input id={`${id}-amount`} inputMode="numeric" placeholder={op === "adjust" ? "+/− pieces" : "Pieces"} required pattern="-?[0-9]+" value={amount} onChange={(event) => setAmount(event.target.value)} />
      <label htmlFor={`${id}-reference`} className="visually-hidden">
        Why
      </label>
      <input id={`${id}-reference`} placeholder="Why (optional)" maxLength={128} value={reference} onChange={(event) => setReference(event.target.value)} />
      <button type="submit" className="button primary" disabled={change.isPending || whole === null}>
        {change.isPending ? "Saving…" : "Save"}
      </button>
      {change.isError && <ProblemNote fault={change.error} what="Nothing was changed" />}
    </form>
  );
}
