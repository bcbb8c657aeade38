import { describe, expect, it, vi } from "vitest";
import { onRequest } from "../functions/api/[[path]]";

type Context = Parameters<typeof onRequest>[0];

const ask = (request: Request, api: (request: Request) => Promise<Response>) =>
  onRequest({ request, env: { API: { fetch: api } } } as unknown as Context) as unknown as Promise<Response>;

describe("the Pages Function", () => {
  it("hands the request on without /api, with its method, headers and query", async () => {
    const seen = vi.fn<(request: Request) => Promise<Response>>(async (request) => new Response(`${request.method} ${request.url} ${request.headers.get("x-csrf-token")}`));
    const request = new Request("http://d.example/api/v1/jobs?limit=2", { method: "DELETE", headers: { "x-csrf-token": "t" } });
    expect(await (await ask(request, seen)).text()).toBe("DELETE http://d.example/v1/jobs?limit=2 t");
  });

  it("answers a problem document when the Worker cannot be reached", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const answer = await ask(new Request("http://d.example/api/health"), () => Promise.reject(new Error("down")));
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: "unavailable", instance: "/health" });
  });
});
