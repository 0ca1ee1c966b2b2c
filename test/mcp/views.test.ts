import { EXTENSION_ID, RESOURCE_MIME_TYPE } from "@modelcontextprotocol/ext-apps/server";
import { describe, expect, test } from "vitest";
import { views } from "../../src/apps/index.ts";
import { Fault } from "../../src/lib/errors.ts";
import { resources } from "../../src/resources/index.ts";
import { tools } from "../../src/tools/index.ts";
import { callerWith, clientV1, clientV2, type Served } from "../support/protocol.ts";

const META = { ui: { csp: { connectDomains: [], resourceDomains: [] }, prefersBorder: true } };

let asked = 0;

/** A home that is out of reach, and knows whether it was to be asked. */
const CLOSED: Served = {
  catalogue: { tools, resources, views },
  caller: callerWith("viewer"),
  open: () => {
    asked += 1;
    throw new Fault("connection_failed", "The home cannot be reached.");
  },
};

const URIS = ["ui://pimcp/cluster-status", "ui://pimcp/gpio-header"];

describe.each([
  ["v1", clientV1],
  ["v2", clientV2],
] as const)("views, for a %s client", (_era, connect) => {
  test("are announced, and named by the tools whose answers they draw", async () => {
    const client = await connect(CLOSED);
    expect(client.getServerCapabilities()).toMatchObject({ extensions: { [EXTENSION_ID]: {} } });
    const named = (await client.listTools()).tools.flatMap(({ name, _meta }) =>
      _meta === undefined ? [] : [[name, _meta]],
    );
    expect(named).toStrictEqual([
      ["get_cluster_status", { ui: { resourceUri: URIS[0] } }],
      ["list_gpio_devices", { ui: { resourceUri: URIS[1] } }],
    ]);
    await client.close();
  });

  test("are listed, and read without asking a home", async () => {
    const client = await connect(CLOSED);
    const listed = (await client.listResources()).resources.filter(({ uri }) => uri.startsWith("ui:"));
    expect(listed.map(({ uri, mimeType, _meta }) => ({ uri, mimeType, _meta }))).toStrictEqual(
      URIS.map((uri) => ({ uri, mimeType: RESOURCE_MIME_TYPE, _meta: META })),
    );
    asked = 0;
    for (const { uri, html } of views) {
      const { contents } = await client.readResource({ uri });
      expect(contents).toStrictEqual([{ uri, mimeType: RESOURCE_MIME_TYPE, text: html, _meta: META }]);
    }
    expect(asked).toBe(0);
    await client.close();
  });

  test.each(["ui://pimcp/nowhere", "ui://pimcp", "ui://pimcp/gpio-header?home=home", "ui://elsewhere/gpio-header"])(
    "%s is none",
    async (uri) => {
      const client = await connect(CLOSED);
      await expect(client.readResource({ uri })).rejects.toMatchObject({ message: expect.stringContaining(uri) });
      await client.close();
    },
  );
});

describe("who may read a view", () => {
  const [view] = views;
  const tool = tools.find(({ view: uri }) => uri === view?.uri);

  test("is whoever may call its tool, and nobody else is told of it", async () => {
    if (view === undefined || tool === undefined) throw new Error("there is no view");
    const guarded = { tools: [{ ...tool, role: "admin" as const }], views: [view] };
    const admin = await clientV2({ ...CLOSED, catalogue: guarded, caller: callerWith("admin") });
    expect((await admin.readResource({ uri: view.uri })).contents).toHaveLength(1);
    const operator = await clientV2({ ...CLOSED, catalogue: guarded, caller: callerWith("operator") });
    expect((await operator.listResources()).resources).toStrictEqual([]);
    await expect(operator.readResource({ uri: view.uri })).rejects.toMatchObject({ code: -32602 });
    await Promise.all([admin.close(), operator.close()]);
  });

  test("with several homes, it is one view for all of them", async () => {
    const { homes } = callerWith("viewer");
    const caller = callerWith("viewer", { homes: { ...homes, town: { role: "viewer", login: "service" } } });
    const client = await clientV2({ ...CLOSED, catalogue: { tools, views }, caller });
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toStrictEqual(URIS);
    const { tools: listed } = await client.listTools();
    expect(listed.find(({ name }) => name === "list_gpio_devices")).toMatchObject({
      _meta: { ui: { resourceUri: URIS[1] } },
    });
    await client.close();
  });

  test("somebody without a home reads none", async () => {
    const client = await clientV2({
      ...CLOSED,
      catalogue: { tools, views },
      caller: callerWith("viewer", { homes: {} }),
    });
    await expect(client.readResource({ uri: "ui://pimcp/gpio-header" })).rejects.toMatchObject({ code: -32602 });
    await client.close();
  });
});
