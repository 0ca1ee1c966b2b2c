import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { views } from "../../src/apps/index.ts";
import { ACCOUNTS, connectV1, connectV2, textOf } from "../support/clients.ts";

/** The views of MCP Apps as the built Worker serves them. */

const GATEWAY = inject("gateway");

let modern: Awaited<ReturnType<typeof connectV2>>;
let legacy: Awaited<ReturnType<typeof connectV1>>;
beforeAll(async () => {
  modern = await connectV2(GATEWAY, ACCOUNTS.viewer);
  legacy = await connectV1(GATEWAY, ACCOUNTS.viewer);
});
afterAll(async () => {
  await modern.client.close();
  await legacy.client.close();
});

test.each(["modern", "legacy"] as const)(
  "a %s client finds and reads both views, as they were written",
  async (era) => {
    const { client } = era === "modern" ? modern : legacy;
    const listed = (await client.listResources()).resources.map(({ uri }) => uri);
    for (const { uri, html } of views) {
      expect(listed).toContain(uri);
      const { contents } = await client.readResource({ uri });
      expect(contents[0]?.mimeType).toBe("text/html;profile=mcp-app");
      expect(textOf(contents)).toBe(html);
    }
  },
);

test("who does not show views loses nothing: the answer is the same JSON as text", async () => {
  const { content, structuredContent } = await legacy.client.callTool({ name: "list_gpio_devices", arguments: {} });
  expect(JSON.parse(textOf(content))).toStrictEqual(structuredContent);
});
