import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../support/pimcp.ts";
import { type TestNode, testNode } from "../support/nodes.ts";
import { type StandInHub, standInHub } from "../support/stand-in-hub.ts";

/** Real processes of nodes against a hub that speaks the frames. */

const PATIENT = { timeout: 20_000, interval: 20 };
const folder = temporaryFolder();
afterAll(() => folder.remove());

let hub: StandInHub;
let node: TestNode;
let count = 0;

beforeEach(async () => {
  hub = await standInHub();
  count += 1;
  node = testNode(join(folder.path, `node-${count}`), { plugins: { clock: {} } });
  return async () => {
    await node.stop();
    await hub.close();
  };
});

const joinArgs = (...more: string[]) => [
  "join",
  hub.url,
  "--home",
  "home",
  "--name",
  "kitchen",
  "--config",
  node.config,
  ...more,
];

test("joins, shows its code, goes on when it is adopted, and answers a call", async () => {
  const joined = node.start(...joinArgs());
  await expect.poll(() => hub.hellos.length, PATIENT).toBe(1);
  expect(joined.printed()).toContain("Its code is K7QX-4MPD");
  expect(joined.printed()).toContain(`${hub.url}/fleet/home`);
  hub.state = "adopted";
  hub.tell();
  await expect.poll(joined.printed, PATIENT).toContain("adopted as kitchen");
  const { result } = await hub.call("clock.now", { name: "hub" });
  expect(result?.["structuredContent"]).toStrictEqual({ zone: "UTC", hello: "hub" });
});
