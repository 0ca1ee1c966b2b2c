import type * as z from "zod";
import { Fault } from "../lib/errors.ts";
import type { AskDialect } from "./dialect.ts";
import { enveloped } from "./schemas/envelope.ts";
import { MetricsAnswer, type NodeMetrics, SystemAnswer } from "./schemas/metrics.ts";
import type { Send } from "./send.ts";

/** How one node is doing. @throws Fault `connection_failed` if the agent on that node does not answer */
export type AskMetrics = (nodeId: number) => Promise<NodeMetrics>;

const Documented = enveloped(MetricsAnswer);
const Released = enveloped(SystemAnswer);

/** The sum of what is known; null if nothing is. */
function sum(numbers: readonly (number | null | undefined)[]): number | null {
  const known = numbers.filter((each) => each !== null && each !== undefined);
  return known.length === 0 ? null : known.reduce((total, each) => total + each, 0);
}

function fromDocumented(nodeId: number, sent: z.output<typeof MetricsAnswer>): NodeMetrics {
  return {
    node_id: nodeId,
    cpu_usage_percent: sent.cpu_usage_percent ?? null,
    memory_usage_percent: sent.memory_usage_percent ?? null,
    temperature_celsius: sent.temperature_celsius ?? null,
    disk_usage_percent: sent.disk_usage_percent ?? null,
    network: { rx_bytes: sent.network?.rx_bytes ?? null, tx_bytes: sent.network?.tx_bytes ?? null },
    timestamp: sent.timestamp,
  };
}

/** The processor's temperature; of several zones without one named so, the hottest. */
function temperatureOf({ thermal }: z.output<typeof SystemAnswer>): number | null {
  const zones = thermal?.zones ?? [];
  const processor = zones.filter(({ name }) => name.includes("cpu"));
  const known = (processor.length > 0 ? processor : zones).flatMap(
    ({ temperature_celsius }) => temperature_celsius ?? [],
  );
  return known.length === 0 ? null : Math.max(...known);
}

function fromReleased(nodeId: number, sent: z.output<typeof SystemAnswer>): NodeMetrics {
  const outside = (sent.network ?? []).filter((each) => each.interface !== "lo");
  return {
    node_id: nodeId,
    cpu_usage_percent: sent.cpu?.usage_percent ?? null,
    memory_usage_percent: sent.memory?.usage_percent ?? null,
    temperature_celsius: temperatureOf(sent),
    disk_usage_percent: sent.disks?.find(({ mountpoint }) => mountpoint === "/")?.usage_percent ?? null,
    network: {
      rx_bytes: sum(outside.map(({ bytes_recv }) => bytes_recv)),
      tx_bytes: sum(outside.map(({ bytes_sent }) => bytes_sent)),
    },
    timestamp: sent.timestamp,
  };
}

/** A controller's own 503 is about the node's agent; a gateway's 503 comes without the controller's words. */
function agentFault(nodeId: number, error: unknown): unknown {
  if (!(error instanceof Fault)) return error;
  const { details } = error;
  if (details?.statusCode !== 503 || details.originalError === undefined) return error;
  return new Fault("connection_failed", `The agent on node ${nodeId} does not answer, so its metrics are not known.`, {
    suggestions: [
      "Check that the Pi is switched on and reachable.",
      `Read node://${nodeId}/info for its last known state.`,
    ],
    details,
  });
}

/** The metrics of nodes: `/metrics` of documented controllers, `/system` of released ones. */
export function nodeMetrics(send: Send, dialect: AskDialect): AskMetrics {
  return async (nodeId) => {
    const about = { method: "GET", subject: `node ${nodeId}` } as const;
    const path = `/api/v1/nodes/${nodeId}`;
    try {
      return (await dialect()) === "released"
        ? fromReleased(nodeId, await send({ ...about, path: `${path}/system`, schema: Released }))
        : fromDocumented(nodeId, await send({ ...about, path: `${path}/metrics`, schema: Documented }));
    } catch (error) {
      throw agentFault(nodeId, error);
    }
  };
}
