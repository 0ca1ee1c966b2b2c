import { expect, test } from "vitest";
import { outside } from "../../src/homes/outside.ts";

const ORIGIN = "https://pimcp.example.com";
const METADATA = `${ORIGIN}/.well-known/oauth-protected-resource/mcp`;

type Answers = (url: URL, init: RequestInit) => Response;

const challenge = { "www-authenticate": `Bearer realm="x", resource_metadata="${METADATA}"` };

/** A gateway as it should be. */
const WELL: Answers = ({ pathname }, { method }) => {
  if (pathname === "/mcp" && method === "POST") return Response.json({}, { status: 401, headers: challenge });
  if (pathname.startsWith("/.well-known/oauth-protected-resource")) {
    return Response.json({ resource: `${ORIGIN}/mcp`, authorization_servers: [ORIGIN] });
  }
  if (pathname === "/.well-known/oauth-authorization-server") {
    return Response.json({
      issuer: ORIGIN,
      authorization_endpoint: `${ORIGIN}/authorize`,
      token_endpoint: `${ORIGIN}/oauth/token`,
      code_challenge_methods_supported: ["S256"],
    });
  }
  return new Response("<h1>PiMCP</h1>");
};

const at =
  (path: string, answer: () => Response): Answers =>
  (url, init) =>
    url.pathname === path ? answer() : WELL(url, init);

async function look(answers: Answers, typed = `${ORIGIN}/mcp`) {
  const agents: string[] = [];
  const hops = await outside(typed, async (url, init) => {
    agents.push(new Headers(init.headers).get("user-agent") ?? "");
    return answers(url, init);
  });
  const failed = hops.filter(({ state }) => state === "failed");
  return { hops, agents, failed };
}

test.each([`${ORIGIN}/mcp`, ORIGIN, `${ORIGIN}/`, "pimcp.example.com"])("all is well at %s", async (typed) => {
  const { hops, agents } = await look(WELL, typed);
  expect(hops.map(({ hop, state }) => `${hop} ${state}`)).toStrictEqual([
    "address ok",
    "gateway ok",
    "public_url ok",
    "bots ok",
    "challenge ok",
    "metadata ok",
    "resource ok",
  ]);
  expect(agents.filter((agent) => agent.includes("Claude-User")).length).toBe(3);
});

test.each<[string, Answers, string, RegExp]>([
  [
    "nothing answers",
    () => {
      throw new TypeError("fetch failed");
    },
    "gateway",
    /DNS record/,
  ],
  ["something else answers", () => new Response("<h1>Welcome to nginx</h1>"), "gateway", /Check the address/],
  [
    "it redirects",
    () => new Response(null, { status: 301, headers: { location: "https://x.example" } }),
    "gateway",
    /leads to/,
  ],
  [
    "it is misconfigured",
    () =>
      Response.json(
        {
          error: "misconfigured",
          mistakes: [{ mistake: "TOKEN_KEY must be 32 bytes.", mend: ["npx wrangler secret put TOKEN_KEY"] }],
        },
        { status: 503 },
      ),
    "gateway",
    /^npx wrangler secret put TOKEN_KEY$/,
  ],
  [
    "it serves another origin",
    () => Response.json({ error: "refused", message: "This gateway serves https://other.example." }, { status: 421 }),
    "public_url",
    /Set PUBLIC_URL to https:\/\/pimcp\.example\.com/,
  ],
  [
    "a bot rule blocks Claude-User",
    (url, init) =>
      new Headers(init.headers).get("user-agent")?.includes("Claude-User") === true && url.pathname === "/mcp"
        ? new Response("<h1>Sorry, you have been blocked</h1>", { status: 403 })
        : WELL(url, init),
    "bots",
    /Block AI bots/,
  ],
  [
    "a bot check stands before it",
    at("/mcp", () => new Response("Just a moment", { status: 403, headers: { "cf-mitigated": "challenge" } })),
    "bots",
    /Skip/,
  ],
  [
    "the challenge is rewritten",
    at("/mcp", () => Response.json({}, { status: 401, headers: { "www-authenticate": "Bearer" } })),
    "challenge",
    /unchanged|change status or headers/,
  ],
  [
    "the metadata is hidden",
    at("/.well-known/oauth-protected-resource/mcp", () => new Response("no", { status: 404 })),
    "metadata",
    /\.well-known/,
  ],
  [
    "the issuer's metadata is hidden",
    at("/.well-known/oauth-authorization-server", () => new Response("no", { status: 403 })),
    "metadata",
    /\.well-known/,
  ],
  [
    "the resource is not the typed address",
    at("/.well-known/oauth-protected-resource/mcp", () =>
      Response.json({ resource: "http://pimcp.example.com/mcp", authorization_servers: [ORIGIN] }),
    ),
    "resource",
    /exactly as https:\/\/pimcp\.example\.com\/mcp/,
  ],
])("%s", async (_, answers, broken, remedy) => {
  const { failed, hops } = await look(answers);
  expect(failed.map(({ hop }) => hop)).toStrictEqual([broken]);
  expect(failed[0]?.remedy).toMatch(remedy);
  const needing = { gateway: 5, public_url: 4, bots: 1, challenge: 0, metadata: 1, resource: 0 }[broken];
  expect(hops.filter(({ state }) => state === "skipped")).toHaveLength(needing ?? -1);
});

test.each([
  [`${ORIGIN}/mcp/`, /without a slash/],
  [`${ORIGIN}/sse`, /\/mcp/],
  ["http://pimcp.example.com/mcp", /Use https:/],
  ["::", /https:\/\/<host>/],
])("the address %s is wrong, and nobody is asked", async (typed, remedy) => {
  const { failed, agents } = await look(WELL, typed);
  expect(failed.map(({ hop }) => hop)).toStrictEqual(["address"]);
  expect(failed[0]?.remedy).toMatch(remedy);
  expect(agents).toStrictEqual([]);
});
