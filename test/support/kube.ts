import { z } from "zod";
import type { K3sApi } from "../../src/pi/k3s/api.ts";
import type { Fetch } from "../../src/pi/request.ts";

/**
 * A Kubernetes API server as far as pods go. It does what a real one (1.32) was seen to do: `pods-contract.ts` holds
 * for both. Scheduling is left out, as it is in the test of the real one: pods stay Pending.
 */

export const TOKEN = "canary-k3s-token";

const Sent = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    nodeName: z.string().optional(),
    containers: z.array(
      z.looseObject({
        name: z.string(),
        env: z.array(z.looseObject({ name: z.string(), value: z.unknown().optional() })).optional(),
        securityContext: z
          .looseObject({ privileged: z.boolean().optional(), allowPrivilegeEscalation: z.boolean().optional() })
          .optional(),
      }),
    ),
  }),
});

type Stored = z.output<typeof Sent> & { metadata: { uid: string; deletionTimestamp?: string } };

const KNOWN_FIELDS = new Set(["name", "image", "env", "securityContext", "command", "args"]);

const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "AlreadyExists",
  422: "Invalid",
};

export function status(code: number, message: string, details?: object): Response {
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason: REASONS[code] };
  return Response.json({ ...body, ...(details === undefined ? {} : { details }), code }, { status: code });
}

export interface StandIn {
  readonly fetch: Fetch;
  /** Method, path and query of each request. */
  readonly asked: string[];
  /** By namespace and name. */
  readonly pods: Map<string, Stored>;
}

export interface Rules {
  /** Where the token may do what the documented role says. */
  readonly open: readonly string[];
  /** Where privileged containers are refused. */
  readonly baseline: readonly string[];
}

const DUMP = "core.SecurityContext{Capabilities:(*core.Capabilities)(nil), Privileged:(*bool)(0x3824a20ed8ee)}";
const NO_ESCALATION = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";

/** What is wrong with a pod that is to be made, in the words of the real one. */
function objection(sent: z.output<typeof Sent>, namespace: string, rules: Rules): Response | undefined {
  const { name } = sent.metadata;
  for (const container of sent.spec.containers) {
    const strange = Object.keys(container).find((field) => !KNOWN_FIELDS.has(field));
    if (strange !== undefined) {
      const why = `strict decoding error: unknown field "spec.containers[0].${strange}"`;
      return status(400, `Pod in version "v1" cannot be handled as a Pod: ${why}`);
    }
    const both = container.env?.find((each) => "valueFrom" in each && each.value !== undefined);
    if (both !== undefined) {
      const message = 'Invalid value: "": may not be specified when `value` is not empty';
      const field = "spec.containers[0].env[0].valueFrom";
      return status(422, `Pod "${name}" is invalid: ${field}: ${message}`, { causes: [{ field, message }] });
    }
    const { privileged, allowPrivilegeEscalation } = container.securityContext ?? {};
    if (privileged === true && rules.baseline.includes(namespace)) {
      const why = `privileged (container "${container.name}" must not set securityContext.privileged=true)`;
      return status(403, `pods "${name}" is forbidden: violates PodSecurity "baseline:latest": ${why}`);
    }
    if (privileged === true && allowPrivilegeEscalation === false) {
      const field = "spec.containers[0].securityContext";
      const message = `Invalid value: ${DUMP}: ${NO_ESCALATION}`;
      return status(422, `Pod "${name}" is invalid: ${field}: ${message}`, { causes: [{ field, message }] });
    }
  }
  return undefined;
}

const shown = (namespace: string, { metadata, spec }: Stored) => ({
  kind: "Pod",
  apiVersion: "v1",
  metadata: { namespace, ...metadata },
  spec,
  status: { phase: "Pending", qosClass: "BestEffort" },
});

const READY = "[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]shutdown ok\nreadyz check passed\n";

const POD_PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods(?:\/([^/]+))?$/;

const VERBS: Readonly<Record<string, string>> = { GET: "get", POST: "create", DELETE: "delete" };

function forbidden(method: string, namespace: string, name: string | undefined): Response {
  const user = "system:serviceaccount:pimcp-pods:pimcp";
  const why = `cannot ${VERBS[method]} resource "pods" in API group "" in the namespace "${namespace}"`;
  return status(403, `pods ${name === undefined ? "" : `"${name}" `}is forbidden: User "${user}" ${why}`);
}

/** What the server answers. @throws Error when a test asks for what the real one was not watched at */
export function standIn(rules: Rules): StandIn {
  const pods = new Map<string, Stored>();
  const asked: string[] = [];

  function create(namespace: string, body: unknown, dryRun: boolean): Response {
    const sent = Sent.parse(body);
    const wrong = objection(sent, namespace, rules);
    if (wrong !== undefined) return wrong;
    const key = `${namespace}/${sent.metadata.name}`;
    const there = pods.get(key);
    if (there !== undefined) {
      const leaving = there.metadata.deletionTimestamp === undefined ? "" : "object is being deleted: ";
      return status(409, `${leaving}pods "${sent.metadata.name}" already exists`);
    }
    const made: Stored = { ...sent, metadata: { ...sent.metadata, uid: crypto.randomUUID() } };
    if (!dryRun) pods.set(key, made);
    return Response.json(shown(namespace, made), { status: 201 });
  }

  function remove(namespace: string, pod: Stored, body: unknown): Response {
    const { name, uid } = pod.metadata;
    const wanted = z.object({ preconditions: z.object({ uid: z.string() }) }).parse(body).preconditions.uid;
    if (wanted !== uid) {
      const why = `the UID in the precondition (${wanted}) does not match the UID in record (${uid})`;
      return status(409, `Operation cannot be fulfilled on Pod "${name}": ${why}. The object might have been deleted`);
    }
    const seconds = pod.spec.nodeName === undefined ? 0 : 30;
    const leaving = {
      ...pod,
      metadata: {
        ...pod.metadata,
        deletionTimestamp: new Date(Date.now() + seconds * 1000).toISOString(),
        deletionGracePeriodSeconds: seconds,
      },
    };
    if (seconds === 0) pods.delete(`${namespace}/${name}`);
    else pods.set(`${namespace}/${name}`, leaving);
    return Response.json(shown(namespace, leaving));
  }

  function one(method: string, namespace: string, name: string | undefined, body: unknown): Response {
    const pod = pods.get(`${namespace}/${name}`);
    if (pod === undefined) return status(404, `pods "${name}" not found`);
    return method === "GET" ? Response.json(shown(namespace, pod)) : remove(namespace, pod, body);
  }

  const fetch: Fetch = async (url, init) => {
    const { pathname, search, searchParams } = new URL(url);
    const method = init.method ?? "GET";
    asked.push(`${method} ${pathname}${search}`);
    if (new Headers(init.headers).get("authorization") !== `Bearer ${TOKEN}`) return status(401, "Unauthorized");
    if (pathname === "/readyz")
      return new Response(READY, { headers: { "content-type": "text/plain; charset=utf-8" } });
    const [, namespace = "", name] = POD_PATH.exec(pathname) ?? [];
    if (!rules.open.includes(namespace)) return forbidden(method, namespace, name);
    const body: unknown = init.body === undefined ? undefined : await new Response(init.body).json();
    if (method === "POST") return create(namespace, body, searchParams.get("dryRun") === "All");
    return one(method, namespace, name, body);
  };

  return { fetch, asked, pods };
}

/** A cluster's API as it is configured. */
export function apiOf(fetch: Fetch, more: Partial<K3sApi> = {}): K3sApi {
  return {
    clusterId: 1,
    namespaces: ["pimcp-pods", "pimcp-more"],
    token: TOKEN,
    endpoint: { name: "Cottage", url: "https://k3s.example.com", timeoutMs: 5000, fetch },
    ...more,
  };
}
