// Stands between a Worker and the objects of one class, so that a test can take them away: a call passes to the real object
// of the same name, fails as if the object's machine were lost, or is held until it may pass.
//
// PUT /pass, /lost or /held sets how calls fare; any answer tells how many are held at this moment.
import { DurableObject } from "cloudflare:workers";
import methods from "methods.json";

let state = "pass";
let held = 0;

async function fare(ctx) {
  if (state === "held") {
    held += 1;
    while (state === "held") await scheduler.wait(5); // the requests of an isolate cannot wake one another
    held -= 1;
  }
  // An error of the object's own code is marked as remote; an object that is gone is the platform's failure.
  if (state === "lost") {
    ctx.abort("Network connection lost.");
    await scheduler.wait(1000);
  }
}

export class Between extends DurableObject {
  async fetch(request) {
    await fare(this.ctx);
    return this.env.REAL.getByName(this.ctx.id.name).fetch(request);
  }
}
for (const name of methods) {
  Between.prototype[name] = async function (...given) {
    await fare(this.ctx);
    return this.env.REAL.getByName(this.ctx.id.name)[name](...given);
  };
}

export default {
  async fetch(request) {
    if (request.method === "PUT") state = new URL(request.url).pathname.slice(1);
    return Response.json({ state, held });
  },
};
