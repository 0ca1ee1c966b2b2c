import * as z from "zod";
import { redactText } from "../redact.ts";

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
  problems: z.array(z.string()).optional().describe("why it does not run, in the cluster's words"),
});

export type Pod = z.output<typeof Pod>;

const Ended = z.object({ exitCode: z.number().int(), reason: z.string().default("") }).optional();

const Status = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().int().default(0),
  state: z
    .object({
      waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      terminated: Ended,
    })
    .optional(),
  lastState: z.object({ terminated: Ended }).optional(),
});

const Condition = z.object({ type: z.string(), status: z.string(), message: z.string().default("") });

const Environment = z.array(z.object({ value: z.string().optional() })).optional();

/** A pod as Kubernetes writes it (v1 Pod). */
const KubePod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default("default"),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(z.object({ name: z.string(), image: z.string().default(""), env: Environment })),
  }),
  status: z
    .object({
      phase: z.string().default("Unknown"),
      podIP: z.string().optional(),
      startTime: z.string().optional(),
      conditions: z.array(Condition).default([]),
      containerStatuses: z.array(Status).default([]),
    })
    .prefault({}),
});

type KubePod = z.output<typeof KubePod>;

/** These only say that a container is not ready, which is told of each container. */
const REPEATED: ReadonlySet<string> = new Set(["Ready", "ContainersReady"]);

/** How many problems are told; those of a pod are mostly one and the same. */
const MAX_PROBLEMS = 5;

const ending = (verb: string, ended: z.output<typeof Ended>) =>
  ended === undefined ? [] : [`${verb} with exit code ${ended.exitCode}${ended.reason && ` (${ended.reason})`}`];

/** What an ended container wrote is left out: it is a log, which may hold anything. */
function problemsOf({ metadata, status, spec }: KubePod): string[] {
  const unmet = status.conditions.filter((each) => each.status === "False" && !REPEATED.has(each.type));
  const texts = [
    ...(metadata.deletionTimestamp === undefined ? [] : [`being deleted, at the latest ${metadata.deletionTimestamp}`]),
    ...unmet.flatMap(({ type, message }) => (message === "" ? [] : [`${type}: ${message}`])),
    ...status.containerStatuses.flatMap(({ name, state, lastState }) =>
      [
        ...(state?.waiting?.message === undefined ? [] : [state.waiting.message]),
        ...ending("ended", state?.terminated),
        ...ending("last ended", lastState?.terminated),
      ].map((text) => `${name}: ${text}`),
    ),
  ];
  const secrets = spec.containers.flatMap(({ env = [] }) => env.flatMap(({ value }) => value ?? []));
  return texts.slice(0, MAX_PROBLEMS).map((text) => redactText(text, secrets));
}

/** What of a pod is shown. */
export const PodAnswer = KubePod.transform((sent): Pod => {
  const { metadata, spec, status } = sent;
  const statusOf = (name: string) => status.containerStatuses.find((each) => each.name === name);
  const problems = problemsOf(sent);
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
    ...(problems.length === 0 ? {} : { problems }),
  };
});
