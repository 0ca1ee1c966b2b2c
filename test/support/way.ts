import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";

/**
 * The outside of a Worker that has homes of all reaches: what its network, its Workers VPC binding and its mTLS
 * certificate binding lead to. Each home is a demo home, with a cluster named after the way that leads to it.
 */

/** The service token that the network's Access lets in. */
export const SERVICE_TOKEN = { access_client_id: "id.access", access_client_secret: "secret-canary" };

/** What the Worker is configured with. */
export const HOMES = [
  { id: "open", url: "https://open.example.com", reach: "public" },
  { id: "guarded", url: "https://guarded.example.com", reach: "access" },
  { id: "wrong", url: "https://guarded.example.com", reach: "access" },
  { id: "inside", url: "http://10.0.0.5:8080", reach: "vpc", binding: "HOME_VPC" },
  { id: "certified", url: "https://certified.example.com", reach: "mtls", binding: "HOME_CERT" },
  { id: "down", url: "http://10.0.0.6:8080", reach: "vpc", binding: "HOME_VPC" },
] as const;

export const HOME_SECRETS = {
  guarded: SERVICE_TOKEN,
  wrong: { ...SERVICE_TOKEN, access_client_secret: "expired-canary" },
};

/** The part of a request that a way looks at; Node's and Miniflare's are of different classes. */
interface Asked {
  readonly url: string;
  readonly method: string;
  readonly headers: Iterable<[string, string]>;
  text(): Promise<string>;
}

function homeAt(way: string) {
  const world = createWorld(Date.now());
  for (const cluster of world.clusters) cluster.name = `${way}-${cluster.id}`;
  const app = createDemoApp({ world, dialect: "documented" });
  return async (asked: Asked): Promise<Response> => {
    const body = await asked.text();
    return app.request(asked.url, {
      method: asked.method,
      headers: [...asked.headers],
      ...(body === "" ? {} : { body }),
    });
  };
}

const LOGIN = "https://team.cloudflareaccess.com/cdn-cgi/access/login/guarded.example.com?meta=canary";

/** The network: two host names, one of them behind Access. */
export function network(): (asked: Asked) => Promise<Response> {
  const open = homeAt("network");
  const guarded = homeAt("access");
  return async (asked) => {
    const { hostname } = new URL(asked.url);
    if (hostname === "open.example.com") return open(asked);
    if (hostname !== "guarded.example.com") return new Response("error code: 1016", { status: 530 });
    const headers = new Headers([...asked.headers]);
    const letIn =
      headers.get("cf-access-client-id") === SERVICE_TOKEN.access_client_id &&
      headers.get("cf-access-client-secret") === SERVICE_TOKEN.access_client_secret;
    return letIn ? guarded(asked) : new Response(null, { status: 302, headers: { location: LOGIN } });
  };
}

/** The private network behind a Workers VPC binding: one controller, no other. */
export function privateNetwork(): (asked: Asked) => Promise<Response> {
  const home = homeAt("vpc");
  return async (asked) => {
    if (new URL(asked.url).host === "10.0.0.5:8080") return home(asked);
    return new Response("error code: 1033", { status: 530 });
  };
}

/** What takes the Worker's client certificate. */
export const certified = () => homeAt("mtls");
