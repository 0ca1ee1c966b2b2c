import * as z from "zod";
import { defineResource } from "../contract/resource.ts";
import { SystemHealth } from "../pi/schemas/system.ts";

export const systemHealth = defineResource({
  name: "system-health",
  title: "System health",
  description: "Overall health of the home's pi-controller, and which dialect it speaks",
  uri: "system://health",
  role: "viewer",
  ttlMs: 10_000,
  parameters: z.strictObject({}),
  ids: {},
  output: SystemHealth,
  read: (_parameters, { pi }) => pi.system.health(),
});
