import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test, vi } from "vitest";
import { commandsOf, environment, nodeOf, run, startAndWait } from "../../scripts/support/fresh.ts";
import { freePort, isPortFree, ROOT } from "../../scripts/support/wrangler.ts";

const here = { cwd: ROOT, env: process.env };

test("the commands are the README's own", () => {
  expect(commandsOf(readFileSync(join(ROOT, "README.md"), "utf8"))).toStrictEqual([
    "npm ci && npm start",
    "npm run demo",
  ]);
});

test("a newcomer has that Node first, an empty cache, and nothing of ours", () => {
  const PATH = ["/clone/node_modules/.bin", "/usr/bin"].join(delimiter);
  const ours = { PATH, npm_config_cache: "/full", npm_config_registry: "https://r.example", npm_package_name: "pimcp" };
  expect(environment({ ...ours, INIT_CWD: "/clone", HOME: "/home/a" }, "/old/bin/node", "/empty")).toStrictEqual({
    PATH: ["/old/bin", "/usr/bin"].join(delimiter),
    npm_config_cache: "/empty",
    npm_config_registry: "https://r.example",
    HOME: "/home/a",
  });
});

test("a Node that is not the old one is not taken for it", () => {
  expect(nodeOf({ NODE_OLD: process.execPath })).toBeUndefined();
  expect(nodeOf({ PATH: "" })).toBeUndefined();
});

test("a command that fails says what it printed", async () => {
  await expect(run("echo the reason; exit 3", here)).rejects.toThrow(/ended with 3\.\nthe reason/);
  expect((await run("exit 0", here)).seconds).toBeGreaterThan(0);
});

test("what is started is waited for, and stopped with all that it started", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await expect(startAndWait("echo no place; exit 1", here, url)).rejects.toThrow(/did not answer at .*\nno place/s);
  const script = `require("http").createServer((_, answer) => answer.end()).listen(${port}, "127.0.0.1")`;
  const { stop } = await startAndWait(`"${process.execPath}" -e '${script}' & wait`, here, url);
  await stop();
  await vi.waitUntil(() => isPortFree(port));
});
