// A service behind a binding that has failed: it takes what it is sent, and answers nothing else than that.
export default {
  async fetch(request) {
    await request.arrayBuffer();
    return new Response("internal error", { status: 500 });
  },
};
