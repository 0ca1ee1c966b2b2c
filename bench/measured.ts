/** What Worker, upstream and load have to agree on. */

/** The plain fetch of the upstream. */
export const DIRECT_PATH = "/bench/direct";

/** The same by way of a Durable Object. */
export const HOP_PATH = "/bench/hop";

/** The gateway is addressed as localhost, the baseline as this: two origins, so two authorization servers. */
export const BASELINE_HOSTNAME = "127.0.0.1";

/** The bench's own ways to a hub: adopting is a person's act, and a caller's write is measured without the rest. */
export const ADOPT_PATH = "/bench/adopt";
export const WRITE_PATH = "/bench/write";
/** Id of the single home that `PI_CONTROLLER_URL` gives. */
export const HOME_ID = "home";

/** The measured tool, and what it asks the upstream for. */
export const TOOL = "list_clusters";
export const CLUSTERS_PATH = "/api/v1/clusters";

/** What nodes are given and give back. */
export const ECHO = "back";

/** What the measured call must bring back, from every route. */
export const CLUSTER_NAMES: readonly string[] = ["bench-kitchen", "bench-garage", "bench-attic"];
