import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineTool } from "../../src/contract/tool.ts";
import { progressTo } from "../../src/mcp/progress.ts";
import { clientV1, clientV2, type Served } from "../support/protocol.ts";

const climb = defineTool({
  name: "climb",
  title: "Climb",
  description: "Climbs.",
  role: "viewer",
  input: z.strictObject({}),
  output: z.object({}),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  async run(_input, { progress }) {
    await progress(1, 3, "node 1");
    await progress(1, 3, "node 1 still");
    await progress(3, 3, "done");
    return {};
  },
});

const SERVED: Served = { catalogue: { tools: [climb] } };

interface Told {
  progress: number;
  total?: number | undefined;
  message?: string | undefined;
}

/** The calls of one client: with somebody who wants to know how far it is, and without. */
const CLIENTS = {
  async v1(onprogress?: (told: Told) => void) {
    const client = await clientV1(SERVED);
    return client.callTool({ name: "climb" }, undefined, onprogress === undefined ? {} : { onprogress });
  },
  async v2(onprogress?: (told: Told) => void) {
    const client = await clientV2(SERVED);
    return client.callTool({ name: "climb" }, onprogress === undefined ? {} : { onprogress });
  },
};

describe.each(["v1", "v2"] as const)("a %s client", (era) => {
  test("that asked for progress is told, and each number is above the last", async () => {
    const told: Told[] = [];
    await CLIENTS[era]((each) => told.push(each));
    expect(told.map(({ message }) => message)).toStrictEqual(["node 1", "node 1 still", "done"]);
    expect(told.map(({ total }) => total)).toStrictEqual([3, 3, 3]);
    const numbers = told.map(({ progress }) => progress);
    expect(numbers.every((each, index) => index === 0 || each > (numbers[index - 1] ?? 0))).toBe(true);
  });

  test("that did not ask is told nothing, and the tool runs all the same", async () => {
    expect(await CLIENTS[era]()).toMatchObject({ structuredContent: { home: "home" } });
  });
});

const exchangeWith = (notify: () => Promise<void>, progressToken?: number) => ({
  _meta: progressToken === undefined ? {} : { progressToken },
  requestState: () => undefined,
  notify,
});

describe("progress itself", () => {
  test("without a token sends nothing", async () => {
    const notify = vi.fn(() => Promise.resolve());
    await progressTo(exchangeWith(notify))(1, 2, "x");
    expect(notify).not.toHaveBeenCalled();
  });

  test("to a client that is gone is no failure of the call", async () => {
    const notify = vi.fn(() => Promise.reject(new Error("gone")));
    await expect(progressTo(exchangeWith(notify, 0))(1, 2, "x")).resolves.toBeUndefined();
    expect(notify).toHaveBeenCalledOnce();
  });
});
