import { expect, inject, test } from "vitest";
import { Person } from "../../scripts/support/person.ts";
import { ACCOUNTS, connectAs, rawRequest } from "../support/clients.ts";

const gateway = inject("gateway");
const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
const PAGE = new URL("/connections", gateway);

/** A person's page of connections, after the sign-in that it asks for. */
async function connectionsOf(person: Person) {
  const page = await person.go(PAGE);
  return page.html.includes('name="password"') ? person.signIn(page) : page;
}

const idsIn = (html: string) => [...html.matchAll(/name="connection" value="([0-9a-f-]{36})"/g)].map(([, id]) => id);

/** What the page's form for a connection sends. */
const ended = (connection: string, { html }: { html: string }) =>
  new URLSearchParams({ connection, user: /name="user" value="([^"]*)"/.exec(html)?.[1] ?? "" });

test("a person sees which client acts for them, ends it, and its very next call and its refresh are refused", async () => {
  const { client, oauth } = await connectAs(gateway, new Person({ ...ACCOUNTS.viewer, level: "viewer" }));
  await client.listTools();
  const token = oauth.tokens()?.access_token;
  expect((await rawRequest(gateway, token, LIST)).status).toBe(200);

  const anna = new Person(ACCOUNTS.viewer);
  const shown = await connectionsOf(anna);
  const { html } = shown;
  expect(html).toContain("PiMCP demo");
  expect(html).toContain("See only");
  const ids = idsIn(html);
  const newest = ids[0] ?? "";
  const answer = await anna.go(PAGE, ended(newest, shown));
  expect(answer.html).toContain("Ended.");
  expect(idsIn(answer.html)).not.toContain(newest);

  const refused = await rawRequest(gateway, token, LIST);
  expect(refused.status).toBe(401);
  expect(refused.headers.get("www-authenticate")).toContain("invalid_token");
  const refresh = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: oauth.tokens()?.refresh_token ?? "",
    client_id: oauth.clientInformation()?.client_id ?? "",
  });
  const refreshed = await fetch(new URL("/oauth/token", gateway), { method: "POST", body: refresh });
  expect(refreshed.status).toBe(400);
  await client.close();
});

test("nobody ends another's connection, and nobody ends any without having signed in", async () => {
  const { client, oauth } = await connectAs(gateway, new Person(ACCOUNTS.operator));
  const token = oauth.tokens()?.access_token;
  const owner = new Person(ACCOUNTS.operator);
  const [id = ""] = idsIn((await connectionsOf(owner)).html);
  const other = new Person(ACCOUNTS.viewer);
  const others = await connectionsOf(other);
  expect((await other.go(PAGE, ended(id, others))).html).not.toContain("Ended.");
  const stranger = new Person(ACCOUNTS.viewer);
  expect((await stranger.go(PAGE, ended(id, others))).html).toContain('name="password"');
  // A form of another site carries the cookie only if the browser lets it; its origin gives it away all the same.
  const forged = await fetch(PAGE, {
    method: "POST",
    body: ended(id, others),
    headers: { origin: "https://evil.example" },
    redirect: "manual",
  });
  expect(forged.status).toBe(403);
  expect((await rawRequest(gateway, token, LIST)).status).toBe(200);
  await client.close();
});

test("whoever does not stay connected gets no refresh token", async () => {
  class Brief extends Person {
    override consent(page: Parameters<Person["consent"]>[0], decision: "allow" | "deny" = "allow") {
      return super.consent(
        { ...page, html: page.html.replace(/<input type="checkbox" name="stay"[^>]*>/, "") },
        decision,
      );
    }
  }
  const { client, oauth } = await connectAs(gateway, new Brief(ACCOUNTS.viewer));
  expect(oauth.tokens()?.access_token).toBeDefined();
  expect(oauth.tokens()?.refresh_token).toBeUndefined();
  await client.close();
});

test("a client that was allowed before is offered the same again", async () => {
  const person = new Person({ ...ACCOUNTS.operator, level: "operator" });
  const { client, oauth } = await connectAs(gateway, person);
  const url = new URL("/authorize", gateway);
  const query = {
    response_type: "code",
    client_id: oauth.clientInformation()?.client_id ?? "",
    redirect_uri: oauth.redirectUrl,
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    scope: "pi:view",
    resource: new URL("/mcp", gateway).href,
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const again = new Person(ACCOUNTS.operator);
  const page = await again.signIn(await again.go(url));
  expect(page.html).toContain("You have allowed it before.");
  expect(page.html).toMatch(/name="level" value="operator" checked/);
  const stranger = new Person(ACCOUNTS.admin);
  const first = await stranger.signIn(await stranger.go(url));
  expect(first.html).toContain("You have never allowed it.");
  expect(first.html).toMatch(/name="level" value="viewer" checked/);
  await client.close();
});
