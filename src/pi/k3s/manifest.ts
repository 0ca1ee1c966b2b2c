import * as z from "zod";
import { Fault } from "../../lib/errors.ts";

/** Whose pods are whose: shown by `kubectl get pods -l app.kubernetes.io/managed-by=pimcp`. */
const MANAGED_BY = { "app.kubernetes.io/managed-by": "pimcp" };

const DNS_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

const Texts = z.record(z.string(), z.string());

const SecurityContext = z.looseObject({
  allowPrivilegeEscalation: z.boolean().optional(),
  privileged: z.boolean().optional(),
  capabilities: z.looseObject({ add: z.array(z.string()).optional() }).nullish(),
});

/** Only what is read here; Kubernetes checks the rest. */
const Container = z.looseObject({
  env: z.array(z.looseObject({ value: z.unknown().optional() })).nullish(),
  securityContext: SecurityContext.nullish(),
});

const Spec = z.looseObject({
  containers: z.array(Container).min(1, "needs at least one container"),
  initContainers: z.array(Container).optional(),
  automountServiceAccountToken: z.boolean().optional(),
  serviceAccountName: z.string().optional(),
  serviceAccount: z.string().optional(),
});

/** Nothing else may be set: an owner or a finalizer would decide when the pod may go. */
const Metadata = z.strictObject({
  name: z.string().regex(DNS_NAME, "must be a lower-case DNS name such as web-1"),
  namespace: z.string().optional(),
  labels: Texts.nullish(),
  annotations: Texts.nullish(),
  // As `kubectl create --dry-run=client` writes it.
  creationTimestamp: z.null().optional(),
});

const WholePod = z.strictObject({
  apiVersion: z.literal("v1", { error: 'must be "v1"' }).optional(),
  kind: z.literal("Pod", { error: 'must be "Pod": nothing else can be deployed' }).optional(),
  metadata: Metadata,
  spec: Spec,
  status: z.unknown().optional(),
});

type Container = z.output<typeof Container>;
type Spec = z.output<typeof Spec>;

const NamedSpec = z.looseObject({
  name: z.string().optional(),
  containers: z.array(z.looseObject({ name: z.string() })).min(1),
});

/** A bare spec becomes a Pod, named as it says or after its first container. */
function wholePod(sent: Readonly<Record<string, unknown>>): unknown {
  if ("spec" in sent || "metadata" in sent) return sent;
  const bare = NamedSpec.safeParse(sent);
  if (!bare.success) return sent;
  const { name = bare.data.containers[0]?.name, ...spec } = bare.data;
  return { metadata: { name }, spec };
}

/** Kubernetes refuses a container that asks for such power and has the way to it closed. */
function needsEscalation({ privileged, capabilities }: z.output<typeof SecurityContext>): boolean {
  const added = capabilities?.add ?? [];
  return privileged === true || added.some((each) => ["SYS_ADMIN", "CAP_SYS_ADMIN", "ALL"].includes(each));
}

function contained(container: Container): Container {
  const context = container.securityContext ?? {};
  if (context.allowPrivilegeEscalation !== undefined || needsEscalation(context)) return container;
  return { ...container, securityContext: { ...context, allowPrivilegeEscalation: false } };
}

/** The spec with what it says nothing of: no way to more rights, and no token for the cluster's API. */
function cautious(spec: Spec): Spec {
  const asksForAccount = spec.serviceAccountName !== undefined || spec.serviceAccount !== undefined;
  const token = asksForAccount || spec.automountServiceAccountToken !== undefined;
  return {
    ...spec,
    containers: spec.containers.map(contained),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(contained) }),
    ...(token ? {} : { automountServiceAccountToken: false }),
  };
}

/** The values of a pod's environment variables, also as Kubernetes quotes them: they may be passwords. */
export function environmentOf(containers: readonly { readonly env?: Container["env"] }[]): string[] {
  const values = containers.flatMap(({ env }) => (env ?? []).map(({ value }) => value));
  const texts = values.flatMap((value) => (typeof value === "string" ? [value] : []));
  return texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
}

/** A pod that is to be made. */
export interface NewPod {
  readonly name: string;
  /** The namespace that it names itself. */
  readonly namespace: string | undefined;
  /** As it is sent, its namespace left out. */
  readonly manifest: object;
  /** Values that must not come back in a sentence. */
  readonly secrets: readonly string[];
}

/** The pod that a tool's input describes. @throws Fault `invalid_input`, which names fields and not values */
export function newPodOf(sent: Readonly<Record<string, unknown>>): NewPod {
  const parsed = WholePod.safeParse(wholePod(sent));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = ["pod_spec", ...(issue?.path ?? [])].join(".");
    throw new Fault("invalid_input", `${where}: ${issue?.message ?? "does not fit"}. Nothing was changed.`, {
      suggestions: ["Give a Kubernetes Pod: metadata.name, and spec.containers with name and image each."],
    });
  }
  const { metadata, spec } = parsed.data;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    manifest: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: metadata.name,
        labels: { ...metadata.labels, ...MANAGED_BY },
        ...(metadata.annotations == null ? {} : { annotations: metadata.annotations }),
      },
      spec: cautious(spec),
    },
    secrets: environmentOf([...spec.containers, ...(spec.initContainers ?? [])]),
  };
}
