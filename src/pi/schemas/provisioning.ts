import * as z from "zod";

/**
 * Answer to work on nodes: a `ProvisioningResult`, or a cluster's `{message, cluster_id}` (contract, sections 4.1
 * to 4.3). Nothing else of it is taken over: `cluster_token`, `kube_config` and `commands` hold secrets.
 * An empty or unknown answer with a good status says no more than that status.
 */
export const WorkAnswer = z
  .object({ success: z.boolean().nullish(), error: z.string().nullish() })
  .catch({ success: undefined, error: undefined });
