import * as z from "zod";
import { Fault } from "../../lib/errors.ts";
import type { ClusterPods, Removed } from "../deployments.ts";
import { type Pod, PodAnswer } from "../schemas/pod.ts";
import { type AskKube, type K3sApi, type KubeAsk, kubeAsker } from "./api.ts";
import { notUnderstood } from "./faults.ts";
import { newPodOf } from "./manifest.ts";

/** What is needed of a pod beside what is shown. */
const Identity = z.object({ metadata: z.object({ uid: z.string() }) });

/** What is left of a pod that is being deleted; a Status if nothing is. */
const Leaving = z.object({
  kind: z.literal("Pod"),
  metadata: z.object({ deletionGracePeriodSeconds: z.number().int().optional() }),
});

interface Found {
  readonly namespace: string;
  readonly uid: string;
  readonly pod: Pod;
}

const podsPath = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;
const podPath = (namespace: string, name: string) => `${podsPath(namespace)}/${encodeURIComponent(name)}`;

const listed = (names: readonly string[]) => names.map((name) => `"${name}"`).join(", ");

/** A namespace that may be used. @throws Fault `forbidden` before anything is asked */
function allowed({ clusterId, endpoint, namespaces }: K3sApi, namespace: string): string {
  if (namespaces.includes(namespace)) return namespace;
  throw new Fault(
    "forbidden",
    `This gateway may not use namespace "${namespace}" of cluster ${clusterId} of home "${endpoint.name}", only ${listed(namespaces)}. Nothing was changed.`,
    { suggestions: [`Use ${listed(namespaces)}, or ask the owner of this gateway to open that namespace in HOMES.`] },
  );
}

function severalFound(api: K3sApi, name: string, found: readonly Found[]): Fault {
  const where = listed(found.map(({ namespace }) => namespace));
  return new Fault(
    "invalid_input",
    `Cluster ${api.clusterId} of home "${api.endpoint.name}" has a pod "${name}" in each of the namespaces ${where}. Nothing was changed.`,
    { suggestions: ["Say which one with namespace."] },
  );
}

/** Looks one pod up in one namespace; `undefined` if it is not there. */
async function lookUp(api: K3sApi, ask: AskKube, namespace: string, name: string): Promise<Found | undefined> {
  const wanted: KubeAsk = { method: "GET", path: podPath(namespace, name), subject: `pod "${name}"`, namespace };
  try {
    const answer = await ask(wanted);
    const identity = Identity.safeParse(answer);
    const pod = PodAnswer.safeParse(answer);
    if (!identity.success || !pod.success) throw notUnderstood(api, wanted);
    return { namespace, uid: identity.data.metadata.uid, pod: pod.data };
  } catch (error) {
    if (error instanceof Fault && error.type === "not_found") return undefined;
    throw error;
  }
}

/** Pods of one cluster by its own API. */
export function k3sPods(api: K3sApi, signal: AbortSignal): ClusterPods {
  const ask = kubeAsker(api, signal);

  /** One pod: in the namespace that is named, else in the only one that has it. */
  async function find(name: string, namespace: string | undefined): Promise<Found> {
    const places = namespace === undefined ? api.namespaces : [allowed(api, namespace)];
    const looked = await Promise.all(places.map((place) => lookUp(api, ask, place, name)));
    const found = looked.filter((each) => each !== undefined);
    const [only] = found;
    if (found.length > 1) throw severalFound(api, name, found);
    if (only !== undefined) return only;
    const where = `${places.length === 1 ? "namespace" : "the namespaces"} ${listed(places)}`;
    throw new Fault(
      "not_found",
      `K3s of cluster ${api.clusterId} of home "${api.endpoint.name}" has no pod "${name}" in ${where}.`,
      { suggestions: ["Check the name; a pod of another namespace is not looked for."] },
    );
  }

  return {
    async deploy(podSpec) {
      const { name, manifest, secrets, ...sent } = newPodOf(podSpec);
      const namespace = allowed(api, sent.namespace ?? api.namespaces[0]);
      // A field that Kubernetes does not know is a mistake, not something to be dropped.
      const query = { fieldManager: "pimcp", fieldValidation: "Strict" };
      const subject = `pod "${name}"`;
      const create = {
        method: "POST",
        path: podsPath(namespace),
        body: manifest,
        subject,
        namespace,
        secrets,
      } as const;
      await ask({ ...create, query: { ...query, dryRun: "All" } });
      const unsure = {
        sentence: `It is not known whether ${subject} was made.`,
        suggestion: `Look with get_pod, namespace "${namespace}". If it is there, deploying it again is refused as a conflict.`,
      };
      const real: KubeAsk = { ...create, query, unsure };
      const pod = PodAnswer.safeParse(await ask(real));
      if (!pod.success) throw notUnderstood(api, real);
      return pod.data;
    },
    get: async (name, namespace) => (await find(name, namespace)).pod,
    async delete(name, namespace): Promise<Removed> {
      const found = await find(name, namespace);
      const answer = await ask({
        method: "DELETE",
        path: podPath(found.namespace, name),
        // The pod that was looked at, and with its own grace period.
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          propagationPolicy: "Background",
          preconditions: { uid: found.uid },
        },
        subject: `pod "${name}"`,
        namespace: found.namespace,
        unsure: {
          sentence: `It is not known whether pod "${name}" was deleted.`,
          suggestion: `Look with get_pod, namespace "${found.namespace}".`,
        },
      });
      const leaving = Leaving.safeParse(answer);
      const seconds = leaving.success ? (leaving.data.metadata.deletionGracePeriodSeconds ?? 0) : 0;
      return { namespace: found.namespace, stops_within_s: seconds };
    },
  };
}
