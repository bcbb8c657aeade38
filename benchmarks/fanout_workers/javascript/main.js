// The yardstick: a JavaScript object that stores a message and sends it to every hibernating WebSocket, nothing else.
import { DurableObject } from "cloudflare:workers";

export class Room extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS message (n INTEGER PRIMARY KEY, text TEXT NOT NULL)");
  }

  async fetch(request) {
    if (request.headers.get("upgrade") === "websocket") {
      const [client, server] = Object.values(new WebSocketPair());
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    const text = await request.text();
    this.ctx.storage.sql.exec("INSERT INTO message (text) VALUES (?)", text);
    for (const socket of this.ctx.getWebSockets()) socket.send(text);
    return new Response("sent");
  }

  webSocketClose(socket) {
    socket.close(1000, "bye");
  }
}

export default {
  fetch(request, env) {
    if (request.method === "GET" && !request.headers.has("upgrade")) return new Response("ready");
    return env.ROOM.getByName("room").fetch(request);
  },
};
