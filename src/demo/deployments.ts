import * as z from "zod";
import { bind, pathId, whole } from "./bind.ts";
import { type Demo, type DemoApp, type DemoContext, refusal } from "./demo.ts";
import { podUid } from "./fixture-workloads.ts";
import { guard } from "./guard.ts";
import { mix } from "./nature.ts";
import { type Cluster, find, live, nextId, type Pod } from "./state.ts";
import { plainTime } from "./times.ts";

const Container = z.looseObject({ name: z.string().min(1), image: z.string().min(1) });

const PodSpec = z.looseObject({ containers: z.array(Container).min(1) });

const Metadata = z.object({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/, "must be a lower-case DNS name"),
  namespace: z.string().min(1).default("default"),
  labels: z.record(z.string(), z.string()).default({}),
});

/** A whole Kubernetes Pod. */
const WholePod = z.object({ metadata: Metadata, spec: PodSpec });

/** A bare pod spec becomes a Pod that is named after its first container. */
function wholePod(sent: unknown): unknown {
  const bare = PodSpec.safeParse(sent);
  if (!bare.success) return sent;
  const { name, ...spec } = bare.data;
  return { metadata: { name: name ?? spec.containers[0]?.name }, spec };
}

/** `pod_spec` is the seed's name for it; the handler of released controllers, never routed, says `pod`. */
const Deployment = z.object({ cluster_id: whole, pod_spec: z.json().optional(), pod: z.json().optional() });

/** A pod's JSON may have this many characters, so that the stored world stays small. */
const MAX_POD_TEXT = 8000;

/** A pod is pending this long. */
const START_MS = 5000;

/** Images with this in their name cannot be pulled. */
const MISSING_IMAGE = "nonexistent";

/** The cluster pods run on; it must be provisioned. */
function clusterFor(demo: Demo, id: number): Cluster {
  const cluster = find(demo.world.clusters, id);
  if (cluster === undefined) throw refusal(404, `There is no cluster ${id}`);
  return cluster;
}

function isUp(demo: Demo, cluster: Cluster): boolean {
  return live(demo.world.nodes).some(
    (node) => node.cluster_id === cluster.id && node.role === "master" && node.status === "ready",
  );
}

function podProblem(error: z.ZodError): string {
  const [issue] = error.issues;
  return `pod_spec must be a Kubernetes Pod: ${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "invalid"}`;
}

async function deploy(demo: Demo, c: DemoContext): Promise<Pod> {
  const { world } = demo;
  const sent = await bind(c, Deployment);
  const cluster = clusterFor(demo, sent.cluster_id);
  const parsed = WholePod.safeParse(wholePod(sent.pod_spec ?? sent.pod));
  if (!parsed.success) throw refusal(400, podProblem(parsed.error));
  if (JSON.stringify(parsed.data).length > MAX_POD_TEXT) {
    throw refusal(400, `pod_spec is longer than ${MAX_POD_TEXT} characters`);
  }
  const { metadata, spec } = parsed.data;
  if (!isUp(demo, cluster)) throw refusal(409, `Cluster ${cluster.name} has no ready master; provision it first`);
  if (podNamed(demo, cluster.id, metadata.name) !== undefined) {
    throw refusal(409, `Cluster ${cluster.name} already has a pod ${metadata.name}`);
  }
  const uid = podUid(100 + nextId(world, "pods"));
  const pod: Pod = {
    cluster_id: cluster.id,
    ...metadata,
    uid,
    created_at: demo.now(),
    spec: z.record(z.string(), z.json()).parse(spec),
  };
  world.pods.push(pod);
  demo.changed();
  return pod;
}

function podNamed(demo: Demo, clusterId: number, name: string): Pod | undefined {
  return demo.world.pods.find((pod) => pod.cluster_id === clusterId && pod.name === name);
}

/** The pod in the path. */
function podOf(demo: Demo, c: DemoContext): Pod {
  const cluster = clusterFor(
    demo,
    pathId(c, "cluster", () => refusal(400, "Invalid cluster ID")),
  );
  const name = c.req.param("name") ?? "";
  const pod = podNamed(demo, cluster.id, name);
  if (pod === undefined) throw refusal(404, `Cluster ${cluster.name} has no pod ${name}`);
  return pod;
}

/** A container's state at `now`. */
function containerStatus({ name, image }: z.infer<typeof Container>, pod: Pod, now: number) {
  const pulled = !image.includes(MISSING_IMAGE);
  const running = pulled && now - pod.created_at >= START_MS;
  const waiting = { waiting: { reason: pulled ? "ContainerCreating" : "ImagePullBackOff" } };
  const state = running ? { running: { startedAt: plainTime(pod.created_at + START_MS) } } : waiting;
  return { name, image, ready: running, restartCount: 0, state };
}

/** A Pod as Kubernetes writes it. */
function podBody(demo: Demo, pod: Pod) {
  const nodes = live(demo.world.nodes).filter((node) => node.cluster_id === pod.cluster_id && node.status === "ready");
  const seed = mix(pod.created_at % 1_000_000_007, pod.name.length);
  const host = nodes[seed % Math.max(1, nodes.length)];
  const { containers } = PodSpec.parse(pod.spec);
  const containerStatuses = containers.map((container) => containerStatus(container, pod, demo.now()));
  const phase = containerStatuses.every((one) => one.ready) ? "Running" : "Pending";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      uid: pod.uid,
      labels: pod.labels,
      creationTimestamp: plainTime(pod.created_at),
    },
    spec: { ...pod.spec, ...(host === undefined ? {} : { nodeName: host.name }) },
    status: {
      phase,
      hostIP: host?.ip_address ?? "",
      podIP: phase === "Running" ? `10.42.${pod.cluster_id}.${2 + (seed % 250)}` : "",
      startTime: plainTime(pod.created_at),
      conditions: [{ type: "Ready", status: phase === "Running" ? "True" : "False" }],
      containerStatuses,
    },
  };
}

/** `/api/v1/deployments` of the seed; released controllers do not route it (contract 4.5). */
export function deploymentRoutes(app: DemoApp, demo: Demo): void {
  const path = "/api/v1/deployments";
  app.post(`${path}/pods`, guard(demo, "operator"), async (c) => c.json(podBody(demo, await deploy(demo, c)), 201));
  const one = `${path}/clusters/:cluster/pods/:name`;
  app.get(one, guard(demo, "viewer"), (c) => c.json(podBody(demo, podOf(demo, c))));
  app.delete(one, guard(demo, "operator"), (c) => {
    const pod = podOf(demo, c);
    demo.world.pods = demo.world.pods.filter((other) => other !== pod);
    demo.changed();
    return c.body(null, 204);
  });
}
