import { useState } from "react";
import { useEventFeed } from "../api/useEventFeed";
import type { Event } from "../api/types.gen";
import { clockTime, count } from "../lib/format";
import { Card, Empty } from "../ui/parts";
import { useSummary, useWarehouseId } from "./useParameters";

const SHOWN_BEFORE = 100; // events of the past that the page begins with

const FEED = { connecting: "Connecting…", live: "Live", waiting: "Reconnecting…", closed: "" } as const;

const FAMILIES = [
  ["", "Everything"],
  ["stock", "Stock"],
  ["transfer", "Transfers"],
  ["task", "Tasks"],
  ["orders", "Orders"],
  ["import", "Imports"],
  ["job", "Jobs"],
  ["configuration", "Configuration"],
] as const;

/** What happens in the warehouse, as it happens. */
export function ActivityPage() {
  const id = useWarehouseId();
  const summary = useSummary();
  const [after] = useState(() => Math.max(0, summary.sequence - SHOWN_BEFORE));
  const feed = useEventFeed(id, after);
  const [family, setFamily] = useState("");
  const shown = family ? feed.events.filter((event) => event.type.startsWith(`${family}.`)) : feed.events;
  return (
    <Card
      title="Activity"
      side={
        <span className="feed" data-feed={feed.state}>
          {FEED[feed.state]}
        </span>
      }
    >
      <select className="search" aria-label="Which events" value={family} onChange={(change) => setFamily(change.target.value)}>
        {FAMILIES.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      {shown.length === 0 ? (
        <Empty title={feed.events.length === 0 ? "Nothing has happened yet" : "Nothing of this kind"}>
          <p>Changes of stock, tasks, orders and plans appear here the moment they happen.</p>
        </Empty>
      ) : (
        <EventTable events={shown} />
      )}
    </Card>
  );
}

function EventTable({ events }: { events: readonly Event[] }) {
  return (
    <div className="scroll activity" tabIndex={0} role="region" aria-label="Events, the newest first">
      <table className="table compact">
        <thead>
          <tr>
            <th scope="col" className="number">
              Number
            </th>
            <th scope="col">Time</th>
            <th scope="col">What</th>
            <th scope="col" className="wide-only">
              Zone
            </th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.sequence}>
              <td className="number">{count(event.sequence)}</td>
              <td>{clockTime(event.at)}</td>
              <td>{event.type.replaceAll(".", " ").replaceAll("-", " ")}</td>
              <td className="wide-only">{event.zone || "–"}</td>
              <td className="muted">{details(event.data)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const LONGEST = 160;

/** The event's members in one line; lists by their length. */
export function details(data: Record<string, unknown>): string {
  const parts = Object.entries(data)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => {
      if (Array.isArray(value)) return value.length === 1 ? `${name} ${text(value[0])}` : `${value.length} ${name}`;
      return `${name.replaceAll("_", " ")} ${text(value)}`;
    });
  const line = parts.join(", ");
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function text(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
