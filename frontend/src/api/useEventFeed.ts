import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { socketUrl } from "./client";
import { Feed, type FeedState } from "./feed";
import { paths } from "./paths";
import { keys } from "./queries";
import type { Event } from "./types.gen";

export const KEPT = 500; // events that the page keeps in memory; older ones are in the archive

export interface EventFeed {
  state: FeedState;
  /** The newest first. */
  events: readonly Event[];
}

type Message = Event | { type: "heartbeat"; sequence: number };

/** Which of a warehouse's queries a family of events makes stale. */
const STALE: Record<string, readonly string[]> = {
  warehouse: ["summary"],
  items: ["summary"],
  orders: ["summary", "orders"],
  import: ["summary", "orders"],
  stock: ["summary", "stock"],
  transfer: ["summary", "stock"],
  task: ["tasks", "task-statistics"],
  job: ["jobs"],
};

/** A warehouse's events from `after` on, live. Events of one burst are handed on once per frame. */
export function useEventFeed(warehouse: string, after: number): EventFeed {
  const client = useQueryClient();
  const [feed, setFeed] = useState<EventFeed>({ state: "connecting", events: [] });

  useEffect(() => {
    let frame = 0;
    let fresh: Event[] = [];
    const flush = () => {
      frame = 0;
      const taken = fresh;
      fresh = [];
      setFeed((was) => ({ ...was, events: [...taken.reverse(), ...was.events].slice(0, KEPT) }));
      refresh(client, warehouse, taken);
    };
    setFeed({ state: "connecting", events: [] });
    const socket = new Feed<Message>({
      cursor: after,
      url: (cursor) => socketUrl(paths.events(warehouse, cursor)),
      onMessage: (message) => {
        if (message.type === "heartbeat") return;
        fresh.push(message as Event);
        frame ||= requestAnimationFrame(flush);
      },
      onState: (state) => setFeed((was) => ({ ...was, state })),
    });
    return () => {
      cancelAnimationFrame(frame);
      socket.close();
    };
  }, [client, warehouse, after]);

  return feed;
}

function refresh(client: QueryClient, warehouse: string, events: readonly Event[]): void {
  const parts = new Set(events.flatMap((event) => STALE[event.type.split(".")[0] ?? ""] ?? []));
  for (const part of parts) void client.invalidateQueries({ queryKey: keys.part(warehouse, part) });
}
