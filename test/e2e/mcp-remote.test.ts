import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Person } from "../../scripts/support/person.ts";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { ACCOUNTS } from "../support/clients.ts";

/**
 * `mcp-remote`, an OAuth client that nobody here wrote, as a process of its own: it finds, registers, opens a browser,
 * waits at its own loopback address, and passes on what a client says over its standard input.
 */

const gateway = inject("gateway");
const folder = mkdtempSync(join(tmpdir(), "pimcp-mcp-remote-"));

/** What `open`, `xdg-open` and $BROWSER run: hands the address to this test. */
const BROWSER = `#!${process.execPath}
fetch(process.env.FAKE_BROWSER, { method: "POST", body: process.argv.at(-1) });
`;

/** Where the browser is asked to go; whoever asks is answered with what became of it. */
const asked: URL[] = [];
const landed: { url: string; status: number }[] = [];
let desktop: Server;

/** Signs in, consents, and goes where that leads: to the loopback address of the program. */
async function browse(address: string): Promise<void> {
  const url = new URL(address);
  asked.push(url);
  const callback = await new Person(ACCOUNTS.viewer).authorize(url);
  const response = await fetch(callback);
  await response.text();
  landed.push({ url: callback.href, status: response.status });
}

beforeAll(async () => {
  for (const name of ["open", "xdg-open", "browser"]) {
    writeFileSync(join(folder, name), BROWSER);
    chmodSync(join(folder, name), 0o755);
  }
  desktop = createServer((request, response) => {
    let address = "";
    request.on("data", (data: Buffer) => (address += data.toString()));
    request.on("end", () => {
      response.end();
      browse(address).catch((error: unknown) => landed.push({ url: String(error), status: 0 }));
    });
  });
  await new Promise<void>((resolve) => {
    desktop.listen(0, "127.0.0.1", resolve);
  });
});

afterAll(async () => {
  await new Promise((resolve) => {
    desktop.close(resolve);
  });
  rmSync(folder, { recursive: true, force: true });
});

async function connect(): Promise<Client> {
  const address = desktop.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(ROOT, "node_modules/mcp-remote/dist/proxy.js"), `${gateway}/mcp`],
    env: {
      PATH: [folder, process.env["PATH"] ?? ""].join(delimiter),
      HOME: folder,
      MCP_REMOTE_CONFIG_DIR: join(folder, "config"),
      BROWSER: join(folder, "browser"),
      FAKE_BROWSER: `http://127.0.0.1:${port}/`,
    },
    stderr: "ignore",
  });
  const client = new Client({ name: "pimcp-test", version: "1.0.0" });
  await client.connect(transport, { timeout: 25_000 });
  return client;
}

const toolsOf = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);

test("mcp-remote signs in, lists the tools of its person, calls one, and is let in again with what it kept", async () => {
  const client = await connect();
  expect(asked).toHaveLength(1);
  expect(asked[0]?.origin).toBe(new URL(gateway).origin);
  expect(asked[0]?.searchParams.get("code_challenge_method")).toBe("S256");
  expect(landed).toMatchObject([
    { status: 200, url: expect.stringMatching(/^http:\/\/(localhost|127\.0\.0\.1):\d+\//) },
  ]);
  const tools = await toolsOf(client);
  expect(tools).toContain("list_clusters");
  expect(tools).not.toContain("write_gpio_pin");
  const { isError, structuredContent } = await client.callTool({ name: "get_node_info", arguments: { node_id: 1 } });
  expect(isError ?? false).toBe(false);
  expect(structuredContent).toMatchObject({ node: { id: 1 } });
  await client.close();

  const again = await connect();
  expect(await toolsOf(again)).toStrictEqual(tools);
  await again.close();
  // No second sign-in; and what it keeps is its tokens, never a password.
  expect(asked).toHaveLength(1);
  const kept = readdirSync(join(folder, "config"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
  expect(kept.join("\n")).toContain("refresh_token");
  expect(kept.join("\n")).not.toContain(ACCOUNTS.viewer.password);
});
