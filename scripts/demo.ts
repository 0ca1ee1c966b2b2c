import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { z } from "zod";
import { fail } from "./support/fail.ts";
import { OAuthClient } from "./support/oauth-client.ts";
import { Person } from "./support/person.ts";

/** A real MCP client that does the main job: signs in and switches a light. */

const gateway = new URL(process.argv[2] ?? `http://localhost:${process.env["PORT"] ?? "8788"}/mcp`);

/** The LED strip of the demo home hangs on this BCM pin of this node. */
const NODE = "pi-worker-1";
const PIN = 18;

const Clusters = z.object({ clusters: z.array(z.object({ name: z.string(), status: z.string() })) });
const Nodes = z.object({ nodes: z.array(z.object({ id: z.number(), name: z.string(), ip_address: z.string() })) });
const Devices = z.object({
  gpio_devices: z.array(
    z.object({ id: z.number(), name: z.string(), pin_number: z.number(), current_value: z.number() }),
  ),
});
const Level = z.object({ value: z.number() });

let steps = 0;
function step(sentence: string): void {
  steps += 1;
  console.log(`  ${String(steps).padStart(2)}. ${sentence}`);
}

const LEVEL = ["LOW (off)", "HIGH (on)"];

async function connect(): Promise<Client> {
  const person = new Person({ username: "operator", password: "operator-demo", level: "operator" });
  const oauth = new OAuthClient(person);
  const client = new Client({ name: "pimcp-demo", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  const transport = new StreamableHTTPClientTransport(gateway, { authProvider: oauth });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || oauth.callback === undefined) throw error;
    step(
      `The gateway asks for a sign-in; found its authorization server and registered as "${oauth.clientMetadata.client_name}".`,
    );
    step("Signed in as operator on the sign-in page, and allowed “Operate” on the consent page.");
    await transport.finishAuth(oauth.callback.searchParams);
    await client.connect(new StreamableHTTPClientTransport(gateway, { authProvider: oauth }));
  }
  step(`Connected with MCP ${client.getNegotiatedProtocolVersion() ?? "?"}.`);
  return client;
}

async function call<Value>(
  client: Client,
  name: string,
  args: Record<string, unknown>,
  shape: z.ZodType<Value>,
): Promise<Value> {
  const result = await client.callTool({ name, arguments: args });
  if (result.isError === true) throw new Error(`${name}: ${JSON.stringify(result.content)}`);
  return shape.parse(result.structuredContent);
}

async function read(client: Client, uri: string): Promise<string> {
  const { contents } = await client.readResource({ uri });
  const [first] = contents;
  return first !== undefined && "text" in first ? first.text : "";
}

async function switchLight(client: Client): Promise<void> {
  const { clusters } = await call(client, "list_clusters", {}, Clusters);
  step(`Clusters: ${clusters.map(({ name, status }) => `${name} (${status})`).join(", ")}.`);

  const { nodes } = await call(client, "discover_nodes", {}, Nodes);
  const node = nodes.find(({ name }) => name === NODE);
  if (node === undefined) throw new Error(`This home has no ${NODE}; the demo needs the demo home.`);
  step(`Found ${NODE}: node ${node.id} at ${node.ip_address}.`);

  const { gpio_devices } = await call(client, "list_gpio_devices", { node_id: node.id }, Devices);
  const led = gpio_devices.find(({ pin_number }) => pin_number === PIN);
  if (led === undefined)
    throw new Error(
      `${NODE} has nothing on pin ${PIN}; the demo needs the demo home as it is at first (npm start after deleting .wrangler/state).`,
    );
  step(`On pin ${PIN} hangs "${led.name}" (GPIO device ${led.id}), last known ${LEVEL[led.current_value]}.`);

  const before = await call(client, "read_gpio_pin", { gpio_id: led.id }, Level);
  const wanted = before.value === 1 ? 0 : 1;
  await call(client, "write_gpio_pin", { gpio_id: led.id, value: wanted }, Level);
  step(`Switched it from ${LEVEL[before.value]} to ${LEVEL[wanted]}.`);

  const after = await call(client, "read_gpio_pin", { gpio_id: led.id }, Level);
  if (after.value !== wanted) throw new Error("The light did not follow.");
  step(`Read it back: ${LEVEL[after.value]}.`);
}

try {
  console.log(`\n  An AI's view of ${gateway.href}\n`);
  const client = await connect();
  await switchLight(client);
  for (const uri of ["cluster://1/status", "system://health"]) step(`${uri}: ${await read(client, uri)}`);
  await client.close();
  console.log("\n  Done.\n");
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  fail(
    why.includes("fetch failed")
      ? `Nothing answers at ${gateway.href}. Start the gateway first: npm start (or name its port: PORT=… npm run demo)`
      : `The demo stopped: ${why}`,
  );
}
