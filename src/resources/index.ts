import type { AnyResource } from "../contract/resource.ts";
import { clusterEvents } from "./cluster-events.ts";
import { clusterNodes } from "./cluster-nodes.ts";
import { clusterStatus } from "./cluster-status.ts";
import { fleetNode, fleetNodes } from "./fleet.ts";
import { gpioState, nodeGpio } from "./gpio-state.ts";
import { systemHealth } from "./health.ts";
import { sharedEntry } from "./shared-context.ts";
import { metrics } from "./metrics.ts";
import { nodeInfo } from "./node-info.ts";

/** Every resource, in the order in which it is listed. */
export const resources: readonly AnyResource[] = [
  clusterStatus,
  clusterNodes,
  clusterEvents,
  nodeInfo,
  metrics,
  nodeGpio,
  gpioState,
  systemHealth,
  sharedEntry,
  fleetNodes,
  fleetNode,
];
