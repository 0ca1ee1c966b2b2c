import { z } from "zod";

/** A pod, as far as it is shown: no environment, no volumes, for those hold secrets. */
export const Pod = z.object({
  name: z.string(),
  namespace: z.string(),
  phase: z.string(),
  node: z.string().nullable(),
  pod_ip: z.string().nullable(),
  started_at: z.string().nullable(),
  containers: z.array(
    z.object({
      name: z.string(),
      image: z.string(),
      ready: z.boolean(),
      restarts: z.number().int(),
      waiting_for: z.string().nullable(),
    }),
  ),
});

export type Pod = z.output<typeof Pod>;

const Status = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().int().default(0),
  state: z.object({ waiting: z.object({ reason: z.string().optional() }).optional() }).optional(),
});

/** A pod as Kubernetes writes it (v1 Pod). */
export const PodAnswer = z
  .object({
    metadata: z.object({ name: z.string(), namespace: z.string().default("default") }),
    spec: z.object({
      nodeName: z.string().optional(),
      containers: z.array(z.object({ name: z.string(), image: z.string().default("") })),
    }),
    status: z
      .object({
        phase: z.string().default("Unknown"),
        podIP: z.string().optional(),
        startTime: z.string().optional(),
        containerStatuses: z.array(Status).default([]),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }): Pod => {
    const statusOf = (name: string) => status.containerStatuses.find((each) => each.name === name);
    return {
      name: metadata.name,
      namespace: metadata.namespace,
      phase: status.phase,
      node: spec.nodeName ?? null,
      pod_ip: status.podIP === undefined || status.podIP === "" ? null : status.podIP,
      started_at: status.startTime ?? null,
      containers: spec.containers.map(({ name, image }) => ({
        name,
        image,
        ready: statusOf(name)?.ready ?? false,
        restarts: statusOf(name)?.restartCount ?? 0,
        waiting_for: statusOf(name)?.state?.waiting?.reason ?? null,
      })),
    };
  });
