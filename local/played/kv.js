// A KV namespace in memory, as workerd asks for one: GET, PUT and DELETE of /<key>, GET of / lists. For tests and benchmarks
// that run workerd without wrangler, which brings its own. Expiry is kept to the second; nothing outlives the process.
const kept = new Map();

function live(key) {
  const entry = kept.get(key);
  if (entry && entry.until <= Date.now()) kept.delete(key);
  return kept.get(key);
}

function list(query) {
  const prefix = query.get("prefix") ?? "";
  const after = query.get("cursor") ?? "";
  const limit = Number(query.get("key_count_limit") ?? 1000);
  const names = [...kept.keys()].filter((name) => name.startsWith(prefix) && name > after && live(name)).sort();
  const page = names.slice(0, limit);
  const more = names.length > limit ? { list_complete: false, cursor: page[limit - 1] } : { list_complete: true };
  return Response.json({ keys: page.map((name) => ({ name })), ...more });
}

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const key = decodeURIComponent(url.pathname.slice(1));
    if (request.method === "GET") {
      if (!key) return list(url.searchParams);
      const entry = live(key);
      return entry ? new Response(entry.body) : new Response("not found", { status: 404 });
    }
    if (request.method === "PUT") {
      const ttl = Number(url.searchParams.get("expiration_ttl") ?? Infinity);
      kept.set(key, { body: await request.arrayBuffer(), until: Date.now() + ttl * 1000 });
      return new Response();
    }
    if (request.method === "DELETE") {
      kept.delete(key);
      return new Response();
    }
    return new Response("method not allowed", { status: 405 });
  },
};
