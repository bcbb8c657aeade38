import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Feed, MAX_DELAY_MS, reconnectDelay } from "../src/api/feed";

interface Message {
  sequence: number;
  last?: boolean;
}

class FakeSocket extends EventTarget {
  static opened: FakeSocket[] = [];
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
    FakeSocket.opened.push(this);
  }
  close(): void {
    this.dispatchEvent(new Event("close"));
  }
  say(message: Message): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}

function follow(onMessage: (message: Message) => void) {
  return new Feed<Message>({
    url: (cursor) => `ws://x/?cursor=${cursor}`,
    onMessage,
    isLast: (message) => message.last === true,
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    random: () => 1,
  });
}

const newest = () => {
  const socket = FakeSocket.opened.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return socket;
};

describe("a feed", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.opened = [];
  });
  afterEach(() => vi.useRealTimers());

  it("asks again for what came after the last message when the connection drops", () => {
    const seen: number[] = [];
    const feed = follow((message) => seen.push(message.sequence));
    newest().dispatchEvent(new Event("open"));
    newest().say({ sequence: 1 });
    newest().say({ sequence: 2 });
    newest().close();
    expect(feed.state).toBe("waiting");
    vi.advanceTimersByTime(MAX_DELAY_MS);
    expect(newest().url).toBe("ws://x/?cursor=2");
    newest().say({ sequence: 2 });
    newest().say({ sequence: 3 });
    expect(seen).toEqual([1, 2, 3]);
    feed.close();
  });

  it("ends after the last message and does not come back", () => {
    const feed = follow(() => undefined);
    newest().say({ sequence: 1, last: true });
    vi.advanceTimersByTime(10 * MAX_DELAY_MS);
    expect(feed.state).toBe("closed");
    expect(FakeSocket.opened).toHaveLength(1);
  });

  it("takes no notice of keep-alive text", () => {
    const seen: number[] = [];
    const feed = follow((message) => seen.push(message.sequence));
    newest().dispatchEvent(new MessageEvent("message", { data: "pong" }));
    expect(seen).toEqual([]);
    feed.close();
  });

  it("waits longer each time, up to a limit", () => {
    expect(reconnectDelay(0, () => 1)).toBe(500);
    expect(reconnectDelay(3, () => 1)).toBe(4000);
    expect(reconnectDelay(60, () => 1)).toBe(MAX_DELAY_MS);
    expect(reconnectDelay(60, () => 0)).toBe(0);
  });
});
