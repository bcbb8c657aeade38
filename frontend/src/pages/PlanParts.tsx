import { save } from "../api/client";
import type { OptimizeResult } from "../api/types.gen";
import { inUnit } from "../lib/format";
import { ActionButton } from "../ui/ActionButton";
import { Card } from "../ui/parts";

/** What a plan's value is made of, rule by rule, and the plan itself as a file for other programs. */
export function PlanParts({ result }: { result: OptimizeResult }) {
  const parts = Object.entries(result.objective.parts);
  const file = async () => save(new Blob([JSON.stringify(result, null, 1)], { type: "application/json" }), `${result.problem}.json`);
  return (
    <Card title="What it is made of" side={<ActionButton icon="download" label="Plan (JSON)" act={file} />}>
      {parts.length === 0 ? (
        <p className="muted">The plan has one value alone.</p>
      ) : (
        <dl className="inline-figures">
          {parts.map(([name, value]) => (
            <div key={name}>
              <dt>{name.replaceAll("_", " ")}</dt>
              <dd>{inUnit(value, result.objective.unit)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}
