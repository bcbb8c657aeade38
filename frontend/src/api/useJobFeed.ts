import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { socketUrl } from "./client";
import { Feed, type FeedState } from "./feed";
import { paths } from "./paths";
import { isFinal, keys } from "./queries";
import type { JobEvent } from "./types.gen";

export interface JobFeed {
  state: FeedState;
  events: readonly JobEvent[];
}

const NOTHING: JobFeed = { state: "connecting", events: [] };

/** Every event of a job from its first, then live. Events of one burst are handed on once per frame. */
export function useJobFeed(warehouse: string, job: string): JobFeed {
  const client = useQueryClient();
  const [feed, setFeed] = useState<JobFeed>(NOTHING);

  useEffect(() => {
    let frame = 0;
    let fresh: JobEvent[] = [];
    const flush = () => {
      frame = 0;
      const taken = fresh;
      fresh = [];
      setFeed((was) => ({ ...was, events: [...was.events, ...taken] }));
      if (taken.some((event) => event.type === "state")) {
        void client.invalidateQueries({ queryKey: keys.part(warehouse, "job", job) });
        void client.invalidateQueries({ queryKey: keys.part(warehouse, "jobs") });
      }
    };
    setFeed(NOTHING);
    const socket = new Feed<JobEvent>({
      url: (cursor) => socketUrl(paths.jobEvents(warehouse, job, cursor)),
      onMessage: (event) => {
        fresh.push(event);
        frame ||= requestAnimationFrame(flush);
      },
      onState: (state) => setFeed((was) => ({ ...was, state })),
      isLast: (event) => event.type === "state" && isFinal(event.state),
    });
    return () => {
      cancelAnimationFrame(frame);
      socket.close();
    };
  }, [client, warehouse, job]);

  return feed;
}
