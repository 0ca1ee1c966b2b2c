import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { Person } from "../../scripts/support/person.ts";
import { ACCOUNTS, connectV1, connectV2, jsonOf } from "../support/clients.ts";

const gateway = inject("gateway");

const Asked = z.object({ type: z.literal("conflict"), message: z.string(), confirm_token: z.string() });
const Created = z.object({ cluster: z.object({ id: z.number() }) });
const Issued = z.object({ private_key_url: z.string(), certificate: z.object({ id: z.number() }) });

/** The seed's "create and provision a cluster" (section 9.2), without the part that takes minutes. */
describe("“Create a 3-node K3s cluster called 'homelab-2'”", () => {
  test("defines the cluster, finds nodes, provisions them with progress, and watches", async () => {
    const { client } = await connectV2(gateway, ACCOUNTS.admin);
    const created = await client.callTool({ name: "create_cluster", arguments: { name: "homelab-2" } });
    const { cluster } = Created.parse(created.structuredContent);
    const found = await client.callTool({ name: "discover_nodes", arguments: { status: "discovered" } });
    expect(found.structuredContent).toMatchObject({ nodes: expect.arrayContaining([spare(11)]) });

    const told: number[] = [];
    const provisioned = await client.callTool(
      {
        name: "provision_cluster",
        arguments: {
          cluster_id: cluster.id,
          master_node_id: 11,
          worker_node_ids: [12],
          ssh_config: { username: "pi", password: "raspberry-canary" },
        },
      },
      { onprogress: ({ progress }) => told.push(progress), timeout: 60_000 },
    );
    expect(provisioned.isError ?? false, JSON.stringify(provisioned.content)).toBe(false);
    expect(JSON.stringify(provisioned)).not.toContain("canary");
    expect(told.length).toBeGreaterThan(1);
    const state = z.object({ operation_id: z.string(), phase: z.string() }).parse(provisioned.structuredContent);
    const later = await client.callTool({ name: "get_operation", arguments: { operation_id: state.operation_id } });
    expect(later.structuredContent).toMatchObject({ operation_id: state.operation_id, phase: "done" });

    const { contents } = await client.readResource({ uri: `cluster://${cluster.id}/status` });
    expect(jsonOf(contents)).toMatchObject({ nodes: { total: 2, masters: 1 } });
    await client.close();
  });
});

const spare = (id: number): unknown => expect.objectContaining({ id, status: "discovered" });

describe("what cannot be undone is asked for first", () => {
  test("an older client gets a preview and a token, and nothing is changed until it comes back with it", async () => {
    const { client } = await connectV1(gateway, ACCOUNTS.admin);
    const args = { gpio_id: 23 };
    const asked = await client.callTool({ name: "delete_gpio_device", arguments: args });
    expect(asked.isError).toBe(true);
    const { message, confirm_token } = Asked.parse(jsonOf(asked.content));
    expect(message).toContain("workshop-door");
    expect((await client.callTool({ name: "read_gpio_pin", arguments: args })).isError ?? false).toBe(false);
    const other = await client.callTool({ name: "delete_gpio_device", arguments: { gpio_id: 18, confirm_token } });
    expect(other.isError).toBe(true);
    const done = await client.callTool({ name: "delete_gpio_device", arguments: { ...args, confirm_token } });
    expect(done.structuredContent).toMatchObject({ deleted_gpio_id: 23 });
    await client.close();
  });

  test("a client that can ask its person does so, and a no changes nothing", async () => {
    const { client: first, oauth } = await connectV2(gateway, ACCOUNTS.admin);
    await first.close();
    let answer: "accept" | "decline" = "decline";
    const asked: string[] = [];
    const client = new Client(
      { name: "asks", version: "1" },
      { versionNegotiation: { mode: "auto" }, capabilities: { elicitation: { form: {} } } },
    );
    client.setRequestHandler("elicitation/create", ({ params }) => {
      asked.push(params.message);
      const content = Object.fromEntries(
        Object.keys("requestedSchema" in params ? params.requestedSchema.properties : {}).map((name) => [name, true]),
      );
      return answer === "accept" ? { action: "accept" as const, content } : { action: "decline" as const };
    });
    await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", gateway), { authProvider: oauth }));
    const certificate = { name: "revoke_certificate", arguments: { certificate_id: 2, reason: "test" } };
    const refused = await client.callTool(certificate);
    expect(refused.isError).toBe(true);
    expect(asked).toHaveLength(1);
    answer = "accept";
    const revoked = await client.callTool(certificate);
    expect(revoked.structuredContent, JSON.stringify(revoked)).toMatchObject({
      certificate: { id: 2, status: "revoked" },
    });
    await client.close();
  });
});

describe("a new certificate", () => {
  test("leaves its private key on a page that shows it once, to the one who asked for it", async () => {
    const { client } = await connectV2(gateway, ACCOUNTS.admin);
    const args = { common_name: "nas.home.cluster.local", certificate_type: "service" };
    const result = await client.callTool({ name: "issue_certificate", arguments: args });
    const { private_key_url } = Issued.parse(result.structuredContent);
    expect(JSON.stringify(result)).not.toContain("PRIVATE KEY");
    const url = new URL(private_key_url);

    const stranger = new Person(ACCOUNTS.viewer);
    const refused = await stranger.signIn(await stranger.go(url));
    expect(refused.html).not.toContain("PRIVATE KEY");

    const person = new Person(ACCOUNTS.admin);
    const page = await person.signIn(await person.go(url));
    expect(page.html).toContain("nas.home.cluster.local");
    expect(page.html).not.toContain("PRIVATE KEY");
    const shown = await person.submit(page);
    expect(shown.html).toContain("PRIVATE KEY");
    expect((await person.submit(page)).html).not.toContain("PRIVATE KEY");
    await client.close();
  });
});
