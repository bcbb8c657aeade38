import { describe, expect, it } from "vitest";
import { pageOf } from "../src/api/pages";
import { problemOf } from "../src/api/problem";
import type { JobEvent } from "../src/api/types.gen";
import { ticks, timelineOf } from "../src/charts/timeline";
import { csvOf } from "../src/lib/csv";
import { START, jobOf, pointerField } from "../src/pages/planChoice";
import { ownPath } from "../src/pages/SignInPage";

const incumbent = (sequence: number, at: string, elapsed_s: number, objective: number, attempt = 1): JobEvent => ({
  sequence, type: "incumbent", at, job: "j", state: "running", objective, bound: null, elapsed_s, attempt,
});

describe("the curve of a job", () => {
  it("places a second attempt by wall clock, and keeps improvements alone", () => {
    const { points, restarts } = timelineOf([
      incumbent(1, "2026-01-01T00:00:01Z", 1, 100),
      incumbent(2, "2026-01-01T00:00:03Z", 3, 90),
      incumbent(3, "2026-01-01T00:00:11Z", 1, 95, 2), // begins at 10 s, and is worse than what is known
      incumbent(4, "2026-01-01T00:00:14Z", 4, 80, 2),
    ]);
    expect(points.map((point) => [point.seconds, point.objective])).toEqual([[1, 100], [3, 90], [14, 80]]);
    expect(restarts).toEqual([10]);
  });

  it("has round ticks", () => {
    expect(ticks(0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(0.13, 0.41, 3)).toEqual([0.2, 0.3, 0.4]);
    expect(ticks(7, 7, 5)).toEqual([7]);
  });
});

describe("answers of the API", () => {
  it("reads a problem document with pointers and the trace id", async () => {
    const body = JSON.stringify({ title: "Not valid", status: 422, code: "invalid", detail: "d", errors: [{ pointer: "/id", detail: "too long" }], trace_id: "abc" });
    const problem = await problemOf(new Response(body, { status: 422 }));
    expect(problem).toMatchObject({ code: "invalid", traceId: "abc", passing: false, faults: [{ pointer: "/id", detail: "too long" }] });
  });

  it("describes an answer that is no problem document by its status, and may be tried again", async () => {
    const problem = await problemOf(new Response("<html>", { status: 502, headers: { "x-trace-id": "t", "retry-after": "3" } }));
    expect(problem).toMatchObject({ status: 502, traceId: "t", retryAfter: 3, passing: true });
  });

  it("finds the rows and the cursor of a list, and refuses an answer without one", () => {
    expect(pageOf({ jobs: [1], next: "n" })).toEqual({ rows: [1], next: "n" });
    expect(pageOf({ items: [], next_cursor: null })).toEqual({ rows: [], next: null });
    expect(() => pageOf({ ok: true })).toThrow("no list");
  });
});

describe("forms", () => {
  it("leaves empty limits out of the request", () => {
    const job = jobOf({ ...START, orders: "", items: "40" });
    expect(job.parameters?.["cart"]).toEqual({ items: 40 });
    expect(job.budget).toEqual({ seconds: 20, seed: 1 });
  });

  it("knows which field a pointer means", () => {
    expect(pointerField("/parameters/cart/items")).toBe("items");
    expect(pointerField("/other")).toBe("/other");
  });

  it("goes back to a path of this site and to no other", () => {
    expect(ownPath("/w/a?x=1")).toBe("/w/a?x=1");
    for (const foreign of ["https://e.example", "//e.example", "/\\e.example", null]) expect(ownPath(foreign)).toBe("/");
  });

  it("writes CSV that a spreadsheet does not run", () => {
    expect(csvOf(["a", "b"], [{ a: '=1+"x"', b: "p,q" }])).toBe('a,b\r\n"\'=1+""x""","p,q"\r\n');
  });
});
