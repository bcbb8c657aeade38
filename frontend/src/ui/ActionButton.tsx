import { useState } from "react";
import { Icon } from "./icons";
import { ProblemNote } from "./Problem";

interface ActionButtonProps {
  label: string;
  icon: Parameters<typeof Icon>[0]["name"];
  className?: string;
  act: () => Promise<void>;
}

/** A button whose work takes a moment and may fail: it says both. */
export function ActionButton({ label, icon, className = "button", act }: ActionButtonProps) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const run = async () => {
    setBusy(true);
    setFault(null);
    try {
      await act();
    } catch (thrown) {
      setFault(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" className={className} disabled={busy} onClick={run}>
        <Icon name={icon} />
        {label}
      </button>
      {fault !== null && <ProblemNote fault={fault} what={`${label}: this did not work`} />}
    </>
  );
}
