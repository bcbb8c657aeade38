import { type FormEvent, useState } from "react";
import { Link } from "react-router";
import { save } from "../api/client";
import { useImport } from "../api/queries";
import type { ImportResult, QuarantinedRow } from "../api/types.gen";
import { csvOf } from "../lib/csv";
import { count } from "../lib/format";
import { may } from "../session/store";
import { Card, Empty, Field, Figure, Figures, described } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useWarehouseId } from "./useParameters";

export function ImportPage() {
  const id = useWarehouseId();
  const [file, setFile] = useState<File | null>(null);
  const [onBad, setOnBad] = useState("hold-order");
  const [dryRun, setDryRun] = useState(false);
  const take = useImport(id);
  if (!may("operator")) return <Empty title="Importing needs the role operator" />;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file) take.mutate({ file, options: { kind: "order_lines", on_bad_line: onBad, dry_run: dryRun } });
  };
  return (
    <div className="with-side">
      <div>
        {take.isError && <ProblemNote fault={take.error} what="The file was not read in" />}
        {take.isPending && <Card title="Reading the file…"><progress aria-label="Reading the file" /></Card>}
        {take.data && <Report result={take.data} warehouse={id} />}
        {take.isIdle && (
          <Card title="What the file needs">
            <p>A CSV file with a header and one row an order line. Columns are found by name, other common names too:</p>
            <ul>
              <li><code>order_id</code> (invoice, order number), <code>sku</code> (stock code, article), <code>quantity</code></li>
              <li>if you have them: <code>released_at</code>, <code>due_at</code>, <code>priority</code></li>
            </ul>
            <p className="muted">Rows that cannot be used are set aside with the reason and a cure; the rest goes in.</p>
          </Card>
        )}
      </div>
      <Card title="Import order lines">
        <form onSubmit={submit}>
          <Field id="file" label="CSV file" hint="Up to 32 MB">
            <input {...described("file", true, undefined)} type="file" accept=".csv,text/csv,text/plain" required onChange={(event) => setFile(event.target.files?.[0] ?? null)} />
          </Field>
          <Field id="on-bad" label="When a line is bad">
            <select id="on-bad" value={onBad} onChange={(event) => setOnBad(event.target.value)}>
              <option value="hold-order">hold its whole order back</option>
              <option value="skip-line">leave out that line alone</option>
            </select>
          </Field>
          <label className="check">
            <input type="checkbox" checked={dryRun} onChange={(event) => setDryRun(event.target.checked)} /> Only check, change nothing
          </label>
          <button type="submit" className="button primary wide" disabled={take.isPending}>
            {take.isPending ? "Reading…" : dryRun ? "Check the file" : "Import"}
          </button>
        </form>
      </Card>
    </div>
  );
}

function Report({ result, warehouse }: { result: ImportResult; warehouse: string }) {
  return (
    <>
      <p className={`note ${result.quarantined ? "" : "good"}`} role="status">
        {result.dry_run ? "Checked, nothing was changed. " : "Imported. "}
        {result.quarantined ? `${count(result.quarantined)} rows were set aside.` : "Every row was taken."}{" "}
        {!result.dry_run && <Link to={`/w/${encodeURIComponent(warehouse)}`}>Plan the picking</Link>}
      </p>
      <Figures>
        <Figure name="Rows read" value={count(result.rows)} />
        <Figure name="Orders" value={count(result.orders)} />
        <Figure name="Order lines" value={count(result.lines)} />
        <Figure name="Set aside" value={count(result.quarantined)} />
      </Figures>
      {result.quarantine.length > 0 && <Quarantine rows={result.quarantine} total={result.quarantined} />}
    </>
  );
}

const COLUMNS = ["line", "field", "reason", "detail", "cure", "raw"] as const;

function Quarantine({ rows, total }: { rows: readonly QuarantinedRow[]; total: number }) {
  const download = () => save(new Blob([csvOf(COLUMNS, rows)], { type: "text/csv" }), "quarantine.csv");
  return (
    <Card title={`Set aside (${count(total)})`} side={<button type="button" className="button small" onClick={download}>As CSV</button>}>
      {total > rows.length && <p className="muted">The first {count(rows.length)} are listed.</p>}
      <div className="scroll quarantine" tabIndex={0} role="region" aria-label="Rows set aside">
        <table className="table">
          <thead>
            <tr>
              <th scope="col" className="number">Line</th>
              <th scope="col">What is wrong</th>
              <th scope="col">Cure</th>
              <th scope="col">As it came</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.line} ${row.field} ${row.raw}`}>
                <td className="number">{row.line || "–"}</td>
                <td>
                  {row.field && <code>{row.field}</code>} {row.detail}
                </td>
                <td>{row.cure}</td>
                <td className="mono raw">{row.raw}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
