/**
 * A WebSocket that survives: it reconnects with exponential backoff and full jitter, and asks for everything after the
 * last message it saw (`?cursor=N`), so that messages arrive once each, in order, without a gap.
 */

export interface Sequenced {
  sequence: number;
}

export type FeedState = "connecting" | "live" | "waiting" | "closed";

export interface FeedOptions<T extends Sequenced> {
  url: (cursor: number) => string;
  onMessage: (message: T) => void;
  onState?: (state: FeedState) => void;
  /** True when nothing more can come after this message: the feed closes itself. */
  isLast?: (message: T) => boolean;
  cursor?: number;
  /** For tests. */
  WebSocket?: typeof WebSocket;
  random?: () => number;
}

export const BASE_DELAY_MS = 500;
export const MAX_DELAY_MS = 20_000;
/** A connection that lasts this long counts as healthy: the next wait starts small again. */
const HEALTHY_AFTER_MS = 5_000;

/** Full jitter (Brooker, "Exponential Backoff And Jitter", 2015): many dashboards must not return in step. */
export function reconnectDelay(attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** Math.min(attempt, 16));
}

export class Feed<T extends Sequenced> {
  #options: FeedOptions<T>;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #openedAt = 0;
  #state: FeedState = "connecting";
  #cursor: number;

  constructor(options: FeedOptions<T>) {
    this.#options = options;
    this.#cursor = options.cursor ?? 0;
    if (typeof window !== "undefined") window.addEventListener("online", this.#now);
    this.#connect();
  }

  /** The sequence of the last message that was handed on. */
  get cursor(): number {
    return this.#cursor;
  }

  get state(): FeedState {
    return this.#state;
  }

  close(): void {
    this.#enter("closed");
    clearTimeout(this.#timer);
    if (typeof window !== "undefined") window.removeEventListener("online", this.#now);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000, "done");
  }

  #connect(): void {
    const Socket = this.#options.WebSocket ?? WebSocket;
    this.#enter("connecting");
    const socket = new Socket(this.#options.url(this.#cursor));
    this.#socket = socket;
    socket.addEventListener("open", () => {
      if (socket !== this.#socket) return;
      this.#openedAt = Date.now();
      this.#enter("live");
    });
    socket.addEventListener("message", (event: MessageEvent) => {
      if (socket === this.#socket) this.#take(event.data);
    });
    socket.addEventListener("close", () => {
      if (socket === this.#socket) this.#retry();
    });
  }

  #take(data: unknown): void {
    const message = parse<T>(data);
    if (message === null || message.sequence <= this.#cursor) return; // a pong, or a message seen before
    this.#cursor = message.sequence;
    this.#options.onMessage(message);
    if (this.#options.isLast?.(message)) this.close();
  }

  #retry(): void {
    this.#socket = null;
    if (this.#openedAt && Date.now() - this.#openedAt >= HEALTHY_AFTER_MS) this.#attempt = 0;
    this.#openedAt = 0;
    this.#enter("waiting");
    this.#timer = setTimeout(() => this.#connect(), reconnectDelay(this.#attempt, this.#options.random));
    this.#attempt += 1;
  }

  /** The network is back: no need to sit out the wait. */
  #now = (): void => {
    if (this.#state !== "waiting") return;
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#connect();
  };

  #enter(state: FeedState): void {
    if (this.#state === "closed" || this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}

function parse<T extends Sequenced>(data: unknown): T | null {
  if (typeof data !== "string") return null;
  try {
    const value = JSON.parse(data) as T;
    return typeof value === "object" && value !== null && typeof value.sequence === "number" ? value : null;
  } catch {
    return null; // keep-alive text such as "pong"
  }
}
