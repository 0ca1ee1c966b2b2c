import { sha256Hex } from "../lib/crypto.ts";
import { type AskDialect, pageOf, pageOfAll, type Page, type PageRequest } from "./dialect.ts";
import { enveloped, listOf } from "./schemas/envelope.ts";
import { type GpioDevice, GpioDeviceAnswer } from "./schemas/gpio.ts";
import { type PiNode, PiNodeAnswer } from "./schemas/node.ts";
import type { Send } from "./send.ts";

export interface NodeFilter extends PageRequest {
  readonly cluster_id?: number | undefined;
  readonly status?: string | undefined;
  readonly role?: string | undefined;
  readonly include_gpio: boolean;
}

export interface NewNode {
  readonly name: string;
  readonly ip_address: string;
  readonly architecture: string;
  readonly cluster_id?: number | undefined;
  readonly role?: string | undefined;
  readonly mac_address?: string | undefined;
}

/** Raspberry Pis of a home. */
export interface Nodes {
  list(filter: NodeFilter): Promise<Page<PiNode>>;
  get(nodeId: number, options: { include_gpio: boolean }): Promise<PiNode>;
  gpio(nodeId: number): Promise<readonly GpioDevice[]>;
  register(node: NewNode): Promise<PiNode>;
}

/** The most rows that a controller sends at once (contract, section 2.3). */
const ALL = 1000;

/** The seed's status "error" has two names in the field. */
const FAILED = new Set(["error", "failed"]);

const NodeAnswer = enveloped(PiNodeAnswer);
const NodeList = listOf(PiNodeAnswer);
const DeviceList = listOf(GpioDeviceAnswer);

/**
 * A locally administered MAC address (IEEE 802, second bit of the first byte) made from the node's address.
 * Released controllers keep MACs unique and take a missing one for "", so that the second node without one fails.
 */
async function standInMac(node: NewNode): Promise<string> {
  const digest = await sha256Hex(`${node.name} ${node.ip_address}`);
  return `02:${(digest.slice(0, 10).match(/../g) ?? []).join(":")}`;
}

export function nodes(send: Send, dialect: AskDialect): Nodes {
  const ask = (query: Record<string, string | number | boolean | undefined>) =>
    send({ method: "GET", path: "/api/v1/nodes", query, schema: NodeList, subject: "the list of nodes" });

  return {
    async list({ include_gpio, limit, offset, ...filter }) {
      const gpio = include_gpio ? { include_gpio } : {};
      if (filter.status === "error") {
        const all = await ask({ ...filter, status: undefined, ...gpio, limit: ALL, offset: 0 });
        const failed = all.rows.filter((node) => FAILED.has(node.status));
        return pageOfAll(failed, { limit, offset });
      }
      return pageOf(await ask({ ...filter, ...gpio, limit, offset }), { limit, offset });
    },
    get: (nodeId, { include_gpio }) =>
      send({
        method: "GET",
        path: `/api/v1/nodes/${nodeId}`,
        query: include_gpio ? { include_gpio } : {},
        schema: NodeAnswer,
        subject: `node ${nodeId}`,
      }),
    async gpio(nodeId) {
      const path = `/api/v1/nodes/${nodeId}/gpio`;
      const list = await send({ method: "GET", path, schema: DeviceList, subject: `node ${nodeId}` });
      return list.rows.toSorted((a, b) => a.id - b.id);
    },
    async register(node) {
      const needsMac = node.mac_address === undefined && (await dialect()) === "released";
      return send({
        method: "POST",
        path: "/api/v1/nodes",
        body: needsMac ? { ...node, mac_address: await standInMac(node) } : node,
        schema: NodeAnswer,
        subject:
          node.cluster_id === undefined
            ? `a new node "${node.name}"`
            : `cluster ${node.cluster_id}, or a new node in it`,
      });
    },
  };
}
