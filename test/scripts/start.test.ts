import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { describe, expect, inject, test } from "vitest";
import { freePort, ROOT } from "../../scripts/support/wrangler.ts";

interface Ended {
  readonly code: number | null;
  readonly printed: string;
}

function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env } });
    let printed = "";
    child.stdout.on("data", (data: Buffer) => (printed += data.toString()));
    child.stderr.on("data", (data: Buffer) => (printed += data.toString()));
    child.once("error", reject);
    child.once("exit", (code) => resolve({ code, printed }));
  });
}

function expectOneSentence({ code, printed }: Ended, words: string): void {
  expect(code).toBe(1);
  expect(printed).toContain(words);
  expect(printed).not.toMatch(/^\s+at /m);
}

/** A free port that is held while `during` runs. */
async function withTakenPort<Value>(during: (port: number) => Promise<Value>): Promise<Value> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  try {
    return await during(typeof address === "object" && address !== null ? address.port : 0);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("npm start says what is wrong in one sentence", () => {
  test("a port in use", async () => {
    const ended = await withTakenPort((port) => run(["scripts/run.mjs", "start"], { PORT: String(port) }));
    expectOneSentence(ended, "is in use");
  });

  test.each([
    [{ PORT: "eighty" }, "PORT must be a number"],
    [{ TOKEN_KEY: "short" }, "TOKEN_KEY must be 32"],
    [{ PI_CONTROLLER_URL: "http://pi.example.com" }, "PI_CONTROLLER_URL must be https"],
    [{ PI_CONTROLLER_URL: "pi-controller.local" }, "PI_CONTROLLER_URL must be a URL"],
    [{ PI_CONTROLLER_TLS_VERIFY: "false" }, "originRequest.noTLSVerify"],
    [{ PUBLIC_URL: "https://pimcp.example.com/mcp" }, "PUBLIC_URL must be an https origin"],
  ])("%j", async (env, words) => {
    expectOneSentence(await run(["scripts/run.mjs", "start"], env), words);
  });

  test("a Node that is too old", async () => {
    const old = `data:text/javascript,Object.defineProperty(process.versions, "node", { value: "20.20.2" })`;
    expectOneSentence(await run(["--import", old, "scripts/run.mjs", "start"]), "needs Node 22.18 or newer");
  });

  test("a demo home whose port is taken", async () => {
    const ended = await withTakenPort((port) => run(["scripts/run.mjs", "demo-home", "--port", String(port)]));
    expectOneSentence(ended, "already in use");
  });

  test("a demo without a gateway", async () => {
    const url = `http://127.0.0.1:${await freePort()}/mcp`;
    expectOneSentence(await run(["scripts/run.mjs", "demo", url]), "Start the gateway first: npm start");
  });
});

describe("npm run demo", () => {
  test("signs in and switches the light on the running gateway", async () => {
    const { code, printed } = await run(["scripts/run.mjs", "demo", `${inject("gateway")}/mcp`]);
    expect(printed).toMatch(/Switched it from (LOW|HIGH)/);
    expect(printed).toContain("cluster://1/status: {");
    expect(printed).toContain("system://health: {");
    expect(code).toBe(0);
  });
});
