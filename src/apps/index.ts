import type { View } from "../contract/view.ts";
import { CLUSTER_HTML } from "./cluster.ts";
import { HEADER_HTML } from "./header.ts";

/** Every view, in the order in which they are listed. */
export const views: readonly View[] = [
  {
    name: "cluster-status-view",
    title: "Cluster dashboard",
    description: "Draws the answer of get_cluster_status: nodes that are ready, and health",
    uri: "ui://pimcp/cluster-status",
    html: CLUSTER_HTML,
  },
  {
    name: "gpio-header-view",
    title: "40-pin header",
    description: "Draws the answer of list_gpio_devices on the header of each node, and switches its outputs",
    uri: "ui://pimcp/gpio-header",
    html: HEADER_HTML,
  },
];
