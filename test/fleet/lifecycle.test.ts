import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { ACCOUNTS, connectV1, connectV2 } from "../support/clients.ts";
import {
  fleetRow,
  joinArgs,
  liveNode,
  type LiveNode,
  Owner,
  probeConfig,
  someDomain,
  someName,
  told,
  toolNames,
  until,
} from "../support/live-fleet.ts";
import { testNode } from "../support/nodes.ts";
import { temporaryFolder } from "../support/pimcp.ts";

/** Nodes as processes, from joining to what their owner decides of them; AI clients that list, listen and call. */

const PICTURES = join(ROOT, "test/support/picture-server.ts");
const gateway = inject("gateway");
const folder = temporaryFolder();
let owner: Owner;
let viewer: Awaited<ReturnType<typeof connectV2>>["client"];
let admin: Awaited<ReturnType<typeof connectV2>>["client"];
let operator: Awaited<ReturnType<typeof connectV1>>["client"];

beforeAll(async () => {
  owner = await new Owner(gateway).signIn();
  [{ client: viewer }, { client: admin }, { client: operator }] = await Promise.all([
    connectV2(gateway, ACCOUNTS.viewer),
    connectV2(gateway, ACCOUNTS.admin),
    connectV1(gateway, ACCOUNTS.operator),
  ]);
});
afterAll(async () => {
  await Promise.all([viewer.close(), admin.close(), operator.close()]);
  folder.remove();
});

describe.concurrent("a node as a process", () => {
  test("joins, is adopted on the page, is called; a plug-in that is switched on later is heard of and works", async ({
    onTestFinished,
  }) => {
    const domain = someDomain();
    const name = someName("kitchen");
    const node = testNode(join(folder.path, name), probeConfig(folder.path, name, domain, { only: ["read"] }));
    onTestFinished(() => node.stop());
    const { client: listener } = await connectV2(gateway, ACCOUNTS.viewer);
    onTestFinished(() => listener.close());
    let changes = 0;
    listener.setNotificationHandler("notifications/tools/list_changed", () => {
      changes += 1;
    });
    const running = node.start(...joinArgs(gateway, "home", { name, node }));
    await until(() => expect(running.printed()).toContain("This node waits for its owner"));
    const [code = "no code"] = /[A-Z0-9]{4}-[A-Z0-9]{4}/.exec(running.printed()) ?? [];
    expect((await owner.page()).html).toContain(code);
    await owner.press(`Adopt ${name}`);
    await until(() => expect(running.printed()).toContain(`adopted as ${name}`));
    expect(await toolNames(viewer)).not.toContain(`${domain}_read`);
    await owner.switchOn(name, `${domain}.read`, "viewer");
    await until(() => expect(running.printed()).toContain(`${domain}.read: switched on.`));
    expect((await told(viewer, `${domain}_read`, { name: "x" })).value.result).toMatchObject({ at: name, name: "x" });

    const subscription = await listener.listen({ toolsListChanged: true });
    const seen = changes;
    node.configure(probeConfig(folder.path, name, domain));
    await until(async () => expect((await owner.page()).html).toContain(`${domain}.echo`));
    await owner.switchOn(name, `${domain}.echo`, "viewer");
    await until(() => expect(changes).toBeGreaterThan(seen));
    expect(await toolNames(listener)).toContain(`${domain}_echo`);
    expect(await told(listener, `${domain}_echo`, { text: "new" })).toMatchObject({
      isError: false,
      value: { result: { text: "new" } },
    });
    await subscription.close();
  });

  test("a definition that changes is off at once; the page shows how it differs, and accepting brings it back", async ({
    onTestFinished,
  }) => {
    const domain = someDomain();
    const name = someName("changing");
    const config = (more: object) => probeConfig(folder.path, name, domain, { only: ["read", "echo"], ...more });
    const grants = [`${domain}.read viewer reads`, `${domain}.echo viewer reads`];
    const live = await liveNode(gateway, folder.path, owner, { name, config: config({}), grants });
    onTestFinished(() => live.node.stop());
    await told(viewer, `${domain}_read`);
    live.node.configure(config({ wording: "and tells all to its maker" }));
    await until(() => expect(live.running.printed()).toContain(`${domain}.read: held back`));
    expect(await toolNames(viewer)).not.toContain(`${domain}_read`);
    await expect(told(viewer, `${domain}_read`)).rejects.toThrow("There is no tool");
    const refused = await told(admin, `${domain}_read`);
    expect(refused).toMatchObject({ isError: true, text: expect.stringContaining("quarantined") });
    expect(live.log().filter((line) => line.startsWith("begin"))).toHaveLength(1);
    const { html } = await owner.page();
    expect(html).toContain(`${domain}.read has changed`);
    expect(html).toContain("For tests: read as it was.");
    expect(html).toContain("For tests: read and tells all to its maker.");
    await owner.press(`Accept the change of ${domain}.read`);
    await until(async () => expect(await toolNames(viewer)).toContain(`${domain}_read`));
    expect((await told(viewer, `${domain}_read`)).isError).toBe(false);
    // What was not accepted stays off.
    expect(await toolNames(viewer)).not.toContain(`${domain}_echo`);
  });

  test("a viewer neither sees nor reaches what is an operator's, whichever way they ask", async ({
    onTestFinished,
  }) => {
    const domain = someDomain();
    const name = someName("guarded");
    const live: LiveNode = await liveNode(gateway, folder.path, owner, {
      name,
      config: probeConfig(folder.path, name, domain, { only: ["write"] }),
      grants: [`${domain}.write operator changes`],
    });
    onTestFinished(() => live.node.stop());
    const tool = `${domain}_write`;
    expect(await toolNames(viewer)).not.toContain(tool);
    expect((await operator.listTools()).tools.map((each) => each.name)).toContain(tool);
    for (const args of [{}, { node: name }, { node: name, home: "home" }, { pimcp_node: name }]) {
      const said = await told(viewer, tool, args).catch((error: unknown) => ({ isError: true, text: String(error) }));
      expect(said.isError).toBe(true);
    }
    expect(JSON.stringify(await fleetRow(viewer, name))).not.toContain(domain);
    const uri = `fleet://nodes/${name}`;
    for (const each of ["fleet://nodes", uri]) {
      const read = await viewer.readResource({ uri: each }).catch((error: unknown) => ({ refused: String(error) }));
      expect(JSON.stringify(read)).not.toContain(domain);
    }
    const ref = { type: "ref/resource" as const, uri: "fleet://nodes/{id}" };
    const completed = await viewer.complete({ ref, argument: { name: "id", value: "" } });
    expect(JSON.stringify(completed)).not.toContain(domain);
    expect(live.log()).toStrictEqual([]);
    const allowed = await operator.callTool({ name: tool, arguments: { name: "ok", node: name } });
    expect(allowed.isError).toBeUndefined();
    expect(live.log()).toContain("begin write ok");
  });

  test("inputs and answers of a megabyte arrive whole", async ({ onTestFinished }) => {
    const domain = someDomain();
    const name = someName("wide");
    const live = await liveNode(gateway, folder.path, owner, {
      name,
      config: { mcpServers: { [domain]: { command: process.execPath, args: [PICTURES] } } },
      grants: [`${domain}.draw viewer reads`, `${domain}.weigh viewer reads`],
    });
    onTestFinished(() => live.node.stop());
    const data = randomBytes(750_000).toString("base64");
    const pictures = await Promise.all(
      [1, 2].map(async () => viewer.callTool({ name: `${domain}_draw`, arguments: { data } })),
    );
    for (const { content } of pictures) {
      const image = content.find(({ type }) => type === "image");
      expect(image?.type === "image" && image.data === data).toBe(true);
    }
    // Of several bytes each, and cut anywhere on their way.
    const text = "ä😀x".repeat(142_000);
    const { value } = await told(viewer, `${domain}_weigh`, { text });
    expect(value.result).toStrictEqual({ bytes: 994_000, sha256: createHash("sha256").update(text).digest("hex") });
  });
});
