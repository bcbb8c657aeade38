/**
 * `/api/*` on the dashboard's own origin is the API: one origin means cookies without CORS.
 * The request goes to the Worker through the service binding, untouched but for its path: streams and WebSocket
 * upgrades pass through. Redirects are the browser's to follow.
 */
interface Environment {
  API: Fetcher;
}

const PREFIX = "/api";

export const onRequest: PagesFunction<Environment> = async ({ request, env }) => {
  const url = new URL(request.url);
  url.pathname = url.pathname.slice(PREFIX.length) || "/";
  try {
    return await env.API.fetch(new Request(url, request), { redirect: "manual" });
  } catch (fault) {
    console.error(JSON.stringify({ event: "api-unreachable", path: url.pathname, error: String(fault) }));
    return unavailable(url.pathname);
  }
};

/** The API's own error form, so that the dashboard shows one kind of fault. */
function unavailable(instance: string): Response {
  const problem = {
    type: "urn:storemax:problem:unavailable",
    title: "A part that is needed does not answer",
    status: 503,
    code: "unavailable",
    detail: "the dashboard cannot reach the API Worker; it is restarting or not deployed",
    instance,
  };
  const headers = { "content-type": "application/problem+json", "retry-after": "2", "cache-control": "no-store" };
  return new Response(JSON.stringify(problem), { status: 503, headers });
}
