import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ACCOUNTS } from "../support/accounts.ts";
import {
  authorizeUrl,
  browserOf,
  codeOf,
  consentPage,
  errorOf,
  mcp,
  REDIRECT,
  redeem,
  registered,
  registration,
  statusOf,
} from "../support/flow.ts";
import { ask, ORIGIN } from "../support/in-isolate.ts";

/** What a client asks for at the authorization endpoint, and what it gets for its code. */

const Registered = z.object({ client_id: z.string() });
const Granted = z.object({ scope: z.string(), access_token: z.string() });

const request = (url: URL) => ask(url, { redirect: "manual" });

describe("where a code is sent", () => {
  test.each([
    "https://evil.example/callback",
    `${REDIRECT}/`,
    `${REDIRECT}?next=https://evil.example`,
    `${REDIRECT}#x`,
    "https://client.example.evil.example/callback",
    "https://client.example@evil.example/callback",
    "https://client.example:8443/callback",
    "https://client.example/callback/../other",
    "https://CLIENT.example/callback",
    "http://client.example/callback",
    "//client.example/callback",
    "javascript:alert(1)",
    "",
  ])("an address that was not registered is refused on our own page: %s", async (address) => {
    const response = await request(authorizeUrl(await registered(), { redirect_uri: address }));
    expect(response.status).toBe(400);
    expect(response.headers.get("location")).toBeNull();
    expect(await response.text()).toContain("This cannot go on");
  });

  test("also without any, with two, and of a client that is not there", async () => {
    const clientId = await registered();
    const two = authorizeUrl(clientId, { redirect_uri: "https://evil.example/" });
    two.searchParams.append("redirect_uri", REDIRECT);
    for (const url of [authorizeUrl(clientId, { redirect_uri: undefined }), two, authorizeUrl("nobody")]) {
      const response = await request(url);
      expect(response.status, url.search).toBe(400);
      expect(response.headers.get("location")).toBeNull();
      await response.body?.cancel();
    }
  });

  test.each(["javascript:alert(1)", "data:text/html,x", "http://client.example/cb", "https://u:p@client.example/", ""])(
    "nobody registers or comes back to %j",
    async (address) => {
      const response = await registration({ redirect_uris: [address] });
      if (response.status === 201) {
        const { client_id } = Registered.parse(await response.json());
        expect(await statusOf(request(authorizeUrl(client_id, { redirect_uri: address })))).toBe(400);
      } else expect(await statusOf(response)).toBe(400);
    },
  );

  test("a code is redeemed with the address that it was sent to, and no other", async () => {
    const clientId = await registered({ redirect_uris: [REDIRECT, "https://client.example/other"] });
    const code = await codeOf(clientId);
    const refused = await redeem(clientId, code, { redirect_uri: "https://client.example/other" });
    expect(refused.status).toBe(400);
    expect(await errorOf(refused)).toBe("invalid_grant");
  });
});

describe("PKCE", () => {
  test.each([
    ["no challenge", { code_challenge: undefined, code_challenge_method: undefined }],
    ["an empty challenge", { code_challenge: "" }],
    ["the method plain", { code_challenge_method: "plain" }],
    ["no method, which means plain", { code_challenge_method: undefined }],
    ["another method", { code_challenge_method: "s256" }],
  ])("%s: no page, and an error to the client", async (_, changes) => {
    const response = await request(authorizeUrl(await registered(), changes));
    expect(response.status).toBe(302);
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.origin + location.pathname).toBe(REDIRECT);
    expect(location.searchParams.get("error")).toBe("invalid_request");
    expect(location.searchParams.get("code")).toBeNull();
  });

  test.each([
    ["without a verifier", { code_verifier: "" }],
    ["with another verifier", { code_verifier: "v".repeat(43) }],
    ["with the challenge as verifier", { code_verifier: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" }],
  ])("%s a code is worth nothing, and the honest client still gets its tokens", async (_, changes) => {
    const clientId = await registered();
    const code = await codeOf(clientId);
    expect(await statusOf(redeem(clientId, code, changes))).toBe(400);
    expect(await statusOf(redeem(clientId, code))).toBe(200);
  });

  test.each(["token", "id_token", "code token"])("the response type %j gives no token", async (type) => {
    const response = await request(authorizeUrl(await registered(), { response_type: type }));
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.searchParams.get("error")).toBe("unsupported_response_type");
    expect(location.hash).toBe("");
  });
});

describe("confused deputy", () => {
  test("one client's code is worth nothing to another", async () => {
    const [honest, thief] = [await registered(), await registered()];
    const code = await codeOf(honest);
    const stolen = await redeem(thief, code);
    expect(stolen.status).toBe(400);
    expect(await errorOf(stolen)).toBe("invalid_grant");
    expect(await statusOf(redeem(honest, code))).toBe(200);
  });

  test("a former consent is no consent: each request is asked about, and a new client is told from a known one", async () => {
    const known = await registered({ client_name: "Same name" });
    const person = browserOf(ACCOUNTS.operator);
    await person.consent(await consentPage(person, authorizeUrl(known)));
    const again = await consentPage(person, authorizeUrl(known));
    expect(again.html).toContain("You have allowed it before.");
    expect(again.html).toContain('name="decision"');
    const other = await registered({ client_name: "Same name", redirect_uris: ["https://evil.example/callback"] });
    const page = await consentPage(
      browserOf(ACCOUNTS.operator),
      authorizeUrl(other, { redirect_uri: "https://evil.example/callback" }),
    );
    expect(page.html).toContain("You have never allowed it.");
    expect(page.html).toContain("evil.example");
    expect(page.html).toMatch(/value="viewer" checked/);
  });

  test("a client gets no more than was agreed to, whatever it asks for, at either endpoint", async () => {
    const clientId = await registered();
    const asks = { scope: "pi:view pi:operate pi:admin offline_access" };
    const code = await codeOf(clientId, { ...ACCOUNTS.admin, level: "viewer" }, asks);
    const issued = await redeem(clientId, code, asks);
    const { scope, access_token } = Granted.parse(await issued.json());
    expect(scope.split(" ").toSorted()).toStrictEqual(["offline_access", "pi:view"]);
    expect(await (await mcp(access_token)).text()).not.toContain("write_gpio_pin");
  });

  test("a form that claims a level above the person's own is cut down to it", async () => {
    const clientId = await registered();
    const code = await codeOf(clientId, { ...ACCOUNTS.viewer, level: "admin" });
    const { scope, access_token } = Granted.parse(await (await redeem(clientId, code)).json());
    expect(scope.split(" ").toSorted()).toStrictEqual(["offline_access", "pi:view"]);
    expect(await (await mcp(access_token)).text()).not.toContain("write_gpio_pin");
  });
});

test("metadata names only our own absolute addresses, so that nothing a client opens comes from elsewhere", async () => {
  for (const path of ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp"]) {
    const response = await ask(ORIGIN + path, { headers: { "x-forwarded-host": "evil.example" } });
    const text = await response.text();
    const urls = [...text.matchAll(/"(https?:[^"]*)"/g)].map(([, url = ""]) => new URL(url).origin);
    expect(urls.length).toBeGreaterThan(0);
    expect(new Set(urls)).toStrictEqual(new Set([ORIGIN]));
  }
});
