import { sha256Hex } from "../lib/crypto.ts";
import { everyRow } from "./all.ts";
import { type AskDialect, pageOf, pageOfAll, type Page, type PageRequest } from "./dialect.ts";
import type { Pins } from "./gpio.ts";
import { enveloped, listOf } from "./schemas/envelope.ts";
import { GPIO_DEVICE_ANSWERS, type GpioDevice } from "./schemas/gpio.ts";
import type { PinNumbering } from "./schemas/header.ts";
import { PI_NODE_ANSWERS, type PiNode } from "./schemas/node.ts";
import type { Send } from "./send.ts";

export interface NodeFilter {
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
  list(filter: NodeFilter & PageRequest): Promise<Page<PiNode>>;
  /** All nodes that fit; one request, unless the home is very large. */
  all(filter: NodeFilter): Promise<readonly PiNode[]>;
  get(nodeId: number, options: { include_gpio: boolean }): Promise<PiNode>;
  gpio(nodeId: number): Promise<readonly GpioDevice[]>;
  register(node: NewNode): Promise<PiNode>;
}

/** The seed's status "error" has two names in the field. */
const FAILED = new Set(["error", "failed"]);

const schemasOf = (numbering: PinNumbering) => ({
  one: enveloped(PI_NODE_ANSWERS[numbering]),
  list: listOf(PI_NODE_ANSWERS[numbering]),
  devices: listOf(GPIO_DEVICE_ANSWERS[numbering]),
});

const SCHEMAS = { bcm: schemasOf("bcm"), header: schemasOf("header") } as const;

/**
 * A locally administered MAC address (IEEE 802, second bit of the first byte) made from the node's address.
 * Released controllers keep MACs unique and take a missing one for "", so that the second node without one fails.
 */
async function standInMac(node: NewNode): Promise<string> {
  const digest = await sha256Hex(`${node.name} ${node.ip_address}`);
  return `02:${(digest.slice(0, 10).match(/../g) ?? []).join(":")}`;
}

export function nodes(send: Send, dialect: AskDialect, { numbering, memory }: Pins): Nodes {
  const schemas = SCHEMAS[numbering];

  function noting(node: PiNode): PiNode {
    for (const device of node.gpio_devices ?? []) memory.note(device);
    return node;
  }

  async function page({ include_gpio, ...filter }: NodeFilter, asked: PageRequest): Promise<Page<PiNode>> {
    const list = await send({
      method: "GET",
      path: "/api/v1/nodes",
      query: { ...filter, ...(include_gpio ? { include_gpio } : {}), ...asked },
      schema: schemas.list,
      subject: "the list of nodes",
    });
    const { rows, total } = pageOf(list, asked);
    return { rows: rows.map(noting), total };
  }

  async function all({ status, ...filter }: NodeFilter): Promise<readonly PiNode[]> {
    if (status !== "error") return everyRow((asked) => page({ ...filter, status }, asked));
    const every = await everyRow((asked) => page(filter, asked));
    return every.filter((node) => FAILED.has(node.status));
  }

  return {
    all,
    async list({ limit, offset, ...filter }) {
      if (filter.status === "error") return pageOfAll(await all(filter), { limit, offset });
      return page(filter, { limit, offset });
    },
    get: async (nodeId, { include_gpio }) =>
      noting(
        await send({
          method: "GET",
          path: `/api/v1/nodes/${nodeId}`,
          query: include_gpio ? { include_gpio } : {},
          schema: schemas.one,
          subject: `node ${nodeId}`,
        }),
      ),
    async gpio(nodeId) {
      const path = `/api/v1/nodes/${nodeId}/gpio`;
      const list = await send({ method: "GET", path, schema: schemas.devices, subject: `node ${nodeId}` });
      for (const device of list.rows) memory.note(device);
      return list.rows.toSorted((a, b) => a.id - b.id);
    },
    async register(node) {
      const needsMac = node.mac_address === undefined && (await dialect()) === "released";
      return send({
        method: "POST",
        path: "/api/v1/nodes",
        body: needsMac ? { ...node, mac_address: await standInMac(node) } : node,
        schema: schemas.one,
        subject: `a new node "${node.name}"`,
        // Released controllers say "Node not found" of an unknown cluster (contract 4.3).
        needs: node.cluster_id === undefined ? null : `cluster ${node.cluster_id}`,
      });
    },
  };
}
