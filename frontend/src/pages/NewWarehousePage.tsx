import { type FormEvent, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { useCreateWarehouse } from "../api/queries";
import type { ParametricLayout } from "../api/types.gen";
import { FloorPlan } from "../floor/FloorPlan";
import { count } from "../lib/format";
import { Card, Field } from "../ui/parts";
import { ProblemNote } from "../ui/Problem";
import { useTitle } from "../ui/useTitle";

const NUMBERS = [
  ["aisles", "Aisles", 1, 1, 500],
  ["blocks", "Blocks", 1, 1, 20],
  ["bays_per_block", "Bays a block", 1, 1, 500],
  ["levels", "Levels", 1, 1, 50],
  ["aisle_pitch_m", "Aisle to aisle, m", 0.1, 0.5, 100],
  ["bay_width_m", "Bay width, m", 0.1, 0.1, 100],
] as const;
type Name = (typeof NUMBERS)[number][0];
const FIRST: Record<Name, number> = { aisles: 10, blocks: 2, bays_per_block: 20, levels: 3, aisle_pitch_m: 5, bay_width_m: 1.2 };
const MOST = 200_000; // contracts/layout.py MAX_LOCATIONS

export function NewWarehousePage() {
  useTitle("New warehouse");
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const [numbers, setNumbers] = useState(FIRST);
  const create = useCreateWarehouse();
  const navigate = useNavigate();
  const layout = useMemo((): ParametricLayout => {
    const limits = { max_weight_g: null, max_volume_mm3: null, width_mm: null, depth_mm: null, height_mm: null };
    const depot = { aisle: 0, cross_aisle: 0 };
    return { type: "parametric", ...numbers, sides: 2, end_gap_m: 1, level_height_m: 1.5, depot, end_depot: null, zones: [], location_limits: limits };
  }, [numbers]);
  const locations = numbers.aisles * numbers.blocks * numbers.bays_per_block * numbers.levels * 2;
  const drawable = NUMBERS.every(([key, , , low, high]) => numbers[key] >= low && numbers[key] <= high) && locations <= MOST;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ id, name, layout }, { onSuccess: () => navigate(`/w/${encodeURIComponent(id)}`) });
  };
  return (
    <>
      <header className="page-head">
        <h1>New warehouse</h1>
      </header>
      <div className="with-side">
        <Card title={`Floor: ${count(locations)} locations`}>
          {drawable ? <FloorPlan layout={layout} label="Floor of the new warehouse" /> : <p className="muted">These numbers make no floor that can be built (up to {count(MOST)} locations).</p>}
        </Card>
        <Card title="Numbers">
          <form onSubmit={submit}>
            <Field id="id" label="Id" hint="Letters, digits, dot, dash; part of addresses">
              <input id="id" aria-describedby="id-hint" required maxLength={64} pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" value={id} onChange={(event) => setId(event.target.value)} />
            </Field>
            <Field id="name" label="Name">
              <input id="name" maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
            </Field>
            <div className="field-grid">
              {NUMBERS.map(([key, label, step, low, high]) => (
                <Field key={key} id={key} label={label}>
                  <input id={key} type="number" required min={low} max={high} step={step} value={numbers[key]} onChange={(event) => setNumbers({ ...numbers, [key]: Number(event.target.value) })} />
                </Field>
              ))}
            </div>
            {create.isError && <ProblemNote fault={create.error} what="The warehouse was not made" />}
            <button type="submit" className="button primary wide" disabled={create.isPending || !drawable}>
              Make it
            </button>
          </form>
        </Card>
      </div>
    </>
  );
}
