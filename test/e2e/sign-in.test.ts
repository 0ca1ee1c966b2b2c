import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort, type Gateway, startWrangler } from "../../scripts/support/wrangler.ts";
import { connectAs, rawRequest, rpcOf } from "../support/clients.ts";
import { startHome, steerHome } from "../support/home.ts";
import { CLIENT, IssuerPerson, type RunningIssuer, startIssuer, UNVERIFIED } from "../support/issuer.ts";

/** The real Worker against a real issuer and a home with a service account. */

const TOKEN_KEY = randomBytes(32).toString("base64");
const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });

let folder = "";
let port = 0;
let home: Awaited<ReturnType<typeof startHome>>;
let issuer: RunningIssuer;
let gateway: Gateway;

/** Starts the gateway, or starts it anew with other people; what it has stored stays. */
async function start(people: Record<string, unknown>): Promise<Gateway> {
  const variables = {
    ENVIRONMENT: "development",
    TOKEN_KEY,
    PI_CONTROLLER_URL: home.url,
    PI_CONTROLLER_USERNAME: "admin",
    PI_CONTROLLER_PASSWORD: "admin-demo",
    SIGN_IN: "oidc",
    OIDC_ISSUER: issuer.url,
    OIDC_CLIENT_ID: CLIENT.id,
    OIDC_CLIENT_SECRET: CLIENT.secret,
    OIDC_NAME: "The test issuer",
    PEOPLE: JSON.stringify(people),
  };
  const file = join(folder, "test.vars");
  writeFileSync(
    file,
    Object.entries(variables)
      .flatMap(([name, value]) => [`${name}='${value}'`])
      .join("\n"),
  );
  return startWrangler({ port, envFiles: [file], persistTo: join(folder, "state") });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pimcp-sign-in-"));
  port = await freePort();
  home = await startHome();
  issuer = await startIssuer(`http://localhost:${port}`);
  gateway = await start({ "anna@example.com": { home: "operator" }, "bert@example.com": { home: "viewer" } });
});

afterAll(async () => {
  await gateway.stop();
  await issuer.close();
  await home.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("sign-in at an OpenID Connect issuer", () => {
  test("leads to the home by its service account, as far as PEOPLE allows", async () => {
    const steer = steerHome(home.url);
    const anna = await connectAs(gateway.url, new IssuerPerson("anna@example.com", "admin"));
    const bert = await connectAs(gateway.url, new IssuerPerson("bert@example.com", "admin"));
    for (const { client } of [anna, bert]) {
      const { structuredContent, isError } = await client.callTool({
        name: "get_node_info",
        arguments: { node_id: 1 },
      });
      expect(isError ?? false).toBe(false);
      expect(structuredContent).toMatchObject({ node: { id: 1 } });
    }
    const toolsOf = async ({ client }: typeof anna) => (await client.listTools()).tools.map(({ name }) => name);
    expect(await toolsOf(anna)).toContain("write_gpio_pin");
    expect(await toolsOf(anna)).not.toContain("break_reservation");
    expect(await toolsOf(bert)).not.toContain("write_gpio_pin");

    const asked = (await steer.seen()).filter(({ path }) => path.startsWith("/api/v1/nodes"));
    const tokens = new Set(asked.map(({ authorization }) => authorization?.replace("Bearer ", "") ?? ""));
    // One account, and one sign-in for all who act by it.
    expect(tokens.size).toBe(1);
    for (const token of tokens) expect(decodeJwt(token)).toMatchObject({ user_id: "3", role: "admin" });
  });

  test.each([
    ["somebody who is not listed", "carla@example.com", 403, "adding &quot;carla@example.com&quot; to PEOPLE"],
    ["somebody whose address is not verified", UNVERIFIED, 401, "does not say that your e-mail address"],
  ])("%s reads why and what to do", async (_, email, status, words) => {
    const person = new IssuerPerson(email, "admin");
    let page: Awaited<ReturnType<typeof person.signInAtIssuer>> | undefined;
    person.authorize = async (url) => {
      page = await person.signInAtIssuer(url);
      throw new Error("not let in");
    };
    await expect(connectAs(gateway.url, person)).rejects.toThrow("not let in");
    expect(page?.status).toBe(status);
    expect(page?.html).toContain(words);
  });

  test("a change of PEOPLE acts on the next call of those who are connected", async () => {
    const anna = await connectAs(gateway.url, new IssuerPerson("anna@example.com", "admin"));
    const bert = await connectAs(gateway.url, new IssuerPerson("bert@example.com", "admin"));
    const tokenOf = ({ oauth }: typeof anna) => oauth.tokens()?.access_token;
    expect((await rawRequest(gateway.url, tokenOf(bert), LIST)).status).toBe(200);

    await gateway.stop();
    gateway = await start({ "anna@example.com": { home: "viewer" } });

    const listed = JSON.stringify(await rpcOf(await rawRequest(gateway.url, tokenOf(anna), LIST)));
    expect(listed).toContain("read_gpio_pin");
    expect(listed).not.toContain("write_gpio_pin");
    const refused = await rawRequest(gateway.url, tokenOf(bert), LIST);
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain("invalid_token");
  });
});
