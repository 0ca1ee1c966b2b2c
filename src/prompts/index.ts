import type { AnyPrompt } from "../contract/prompt.ts";
import { controlGpio } from "./control-gpio.ts";
import { createAndProvisionCluster } from "./create-cluster.ts";
import { deployWorkload } from "./deploy-workload.ts";
import { homeHealthCheck } from "./home-health-check.ts";
import { renewCertificates } from "./renew-certificates.ts";

/** Every prompt, in the order in which it is listed. */
export const prompts: readonly AnyPrompt[] = [
  createAndProvisionCluster,
  controlGpio,
  deployWorkload,
  homeHealthCheck,
  renewCertificates,
];
