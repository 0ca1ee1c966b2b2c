import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { Fault } from "../../src/lib/errors.ts";
import type { K3sApi } from "../../src/pi/k3s/api.ts";
import { k3sHealth } from "../../src/pi/k3s/health.ts";
import { k3sPods } from "../../src/pi/k3s/pods.ts";

/** What of a pod is kept. */
const Kept = z.object({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.looseObject({ containers: z.array(z.looseObject({})) }),
});

export interface Cluster {
  /** Open: pimcp-pods, which refuses privileged pods, and pimcp-more. Listed, but without rights: pimcp-closed. */
  readonly api: K3sApi;
  /** A pod as the server keeps it; undefined if it has none. */
  kept(namespace: string, name: string): Promise<unknown>;
  /** How many requests were sent. */
  sent(): number;
  /** Takes all pods away. */
  clear(): Promise<void>;
}

const podOf = (name: string, container: object = {}, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...more },
  spec: { containers: [{ name: "web", image: "nginx:1.29", ...container }] },
});

/** The fault that work ends with. */
export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error: unknown = await work.then(
    () => new Error("it went well"),
    (reason: unknown) => reason,
  );
  if (error instanceof Fault) return error;
  throw error;
}

/** What the client does with an API server, whichever it is. */
export function podsContract(cluster: () => Cluster): void {
  const pods = (more: Partial<K3sApi> = {}) => k3sPods({ ...cluster().api, ...more }, new AbortController().signal);

  beforeEach(() => cluster().clear());

  describe("deploying", () => {
    test("makes the pod, labelled, without a way to more rights and without a token", async () => {
      expect(await pods().deploy(podOf("web"))).toStrictEqual({
        name: "web",
        namespace: "pimcp-pods",
        phase: "Pending",
        node: null,
        pod_ip: null,
        started_at: null,
        containers: [{ name: "web", image: "nginx:1.29", ready: false, restarts: 0, waiting_for: null }],
      });
      const { metadata, spec } = Kept.parse(await cluster().kept("pimcp-pods", "web"));
      expect(metadata.labels).toStrictEqual({ "app.kubernetes.io/managed-by": "pimcp" });
      expect(spec).toMatchObject({ automountServiceAccountToken: false });
      expect(spec.containers[0]).toMatchObject({ securityContext: { allowPrivilegeEscalation: false } });
    });

    test("takes a bare spec, and another namespace that is open", async () => {
      await pods().deploy({ containers: [{ name: "bare", image: "nginx" }] });
      expect(await cluster().kept("pimcp-pods", "bare")).toBeDefined();
      await pods().deploy(podOf("web", {}, { namespace: "pimcp-more", labels: { app: "web" } }));
      expect(await cluster().kept("pimcp-more", "web")).toMatchObject({ metadata: { labels: { app: "web" } } });
    });

    test("leaves what is asked for: privileged, where the cluster allows it", async () => {
      await pods().deploy(podOf("web", { securityContext: { privileged: true } }, { namespace: "pimcp-more" }));
      expect(Kept.parse(await cluster().kept("pimcp-more", "web")).spec.containers[0]).toMatchObject({
        securityContext: { privileged: true },
      });
    });

    test.each<[string, object, Fault["type"], string]>([
      ["an unknown field", { imag: "nginx" }, "invalid_input", 'unknown field "spec.containers[0].imag"'],
      [
        "what a policy forbids",
        { securityContext: { privileged: true } },
        "forbidden",
        'violates PodSecurity "baseline:latest": privileged',
      ],
    ])("refuses %s, and makes nothing", async (_, container, type, words) => {
      const fault = await faultOf(pods().deploy(podOf("web", container)));
      expect(fault).toMatchObject({ type, message: expect.stringContaining(words) });
      expect(fault.message).toContain('cluster 1 of home "Cottage"');
      expect(fault.message).toContain('namespace "pimcp-pods"');
      expect(fault.message).toContain("Nothing was changed.");
      expect(await cluster().kept("pimcp-pods", "web")).toBeUndefined();
    });

    test("a contradiction is told without the structure that Kubernetes quotes", async () => {
      const container = { securityContext: { privileged: true, allowPrivilegeEscalation: false } };
      const { type, message } = await faultOf(pods().deploy(podOf("web", container, { namespace: "pimcp-more" })));
      expect(type).toBe("invalid_input");
      expect(message).toContain("spec.containers[0].securityContext: Invalid value: …: cannot set `allowPrivilege");
    });

    test("no value of the environment comes back", async () => {
      const env = [{ name: "A", value: "canary", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }];
      const fault = await faultOf(pods().deploy(podOf("web", { env })));
      expect(fault.message).toContain("spec.containers[0].env[0].valueFrom");
      expect(JSON.stringify(fault)).not.toContain("canary");
      const made = await pods().deploy(podOf("web", { env: [{ name: "A", value: "canary" }] }));
      const got = await pods().get("web", undefined);
      expect(JSON.stringify([made, got])).not.toContain("canary");
    });

    test("a name that is taken is a conflict", async () => {
      await pods().deploy(podOf("web"));
      expect(await faultOf(pods().deploy(podOf("web")))).toMatchObject({
        type: "conflict",
        message: expect.stringContaining('pods "web" already exists'),
      });
    });
  });

  describe("deleting", () => {
    test("a pod that no node has is gone at once", async () => {
      await pods().deploy(podOf("web"));
      expect(await pods().delete("web", undefined)).toStrictEqual({ namespace: "pimcp-pods", stops_within_s: 0 });
      expect((await faultOf(pods().get("web", undefined))).type).toBe("not_found");
    });

    test("a pod on a node has its time; until then its name is taken", async () => {
      const { spec, ...pod } = podOf("bound");
      await pods().deploy({ ...pod, spec: { ...spec, nodeName: "pi-2" } });
      expect(await pods().delete("bound", undefined)).toStrictEqual({ namespace: "pimcp-pods", stops_within_s: 30 });
      const { problems } = await pods().get("bound", undefined);
      expect(problems).toStrictEqual([expect.stringMatching(/^being deleted, at the latest 20/)]);
      expect((await faultOf(pods().deploy(podOf("bound")))).message).toContain("object is being deleted");
    });

    test("what is not there is not found", async () => {
      const fault = await faultOf(pods().delete("web", undefined));
      expect(fault).toMatchObject({
        type: "not_found",
        message: 'K3s of cluster 1 of home "Cottage" has no pod "web" in the namespaces "pimcp-pods", "pimcp-more".',
      });
    });
  });

  describe("namespaces", () => {
    test("one that is not listed is refused before anything is asked", async () => {
      const before = cluster().sent();
      const secret = { type: "forbidden", message: expect.stringContaining('may not use namespace "secret"') };
      expect(await faultOf(pods().deploy(podOf("web", {}, { namespace: "secret" })))).toMatchObject(secret);
      expect(await faultOf(pods().get("web", "secret"))).toMatchObject(secret);
      expect(await faultOf(pods().delete("web", "secret"))).toMatchObject(secret);
      expect(cluster().sent()).toBe(before);
    });

    test("a name that two have needs one of them said", async () => {
      await pods().deploy(podOf("web"));
      await pods().deploy(podOf("web", {}, { namespace: "pimcp-more" }));
      expect(await faultOf(pods().delete("web", undefined))).toMatchObject({
        type: "invalid_input",
        message: expect.stringContaining('in each of the namespaces "pimcp-pods", "pimcp-more". Nothing was changed.'),
      });
      await pods().delete("web", "pimcp-more");
      expect(await pods().get("web", undefined)).toMatchObject({ namespace: "pimcp-pods" });
    });

    test("one without the role says what is missing", async () => {
      const fault = await faultOf(pods({ namespaces: ["pimcp-closed"] }).deploy(podOf("web")));
      expect(fault).toMatchObject({
        type: "forbidden",
        message: expect.stringContaining('cannot create resource "pods"'),
        suggestions: [expect.stringContaining('lacks that right in namespace "pimcp-closed"')],
      });
    });
  });

  test("a token that is refused is the gateway's, not the person's", async () => {
    const fault = await faultOf(pods({ token: "canary-wrong" }).get("web", undefined));
    expect(fault).toMatchObject({ type: "unauthorized", message: expect.stringContaining("this gateway's token") });
    expect(JSON.stringify(fault)).not.toContain("canary");
  });

  describe("health", () => {
    const { signal } = new AbortController();

    test("of a server that is ready", async () => {
      const healthy = { ready: true, api_server: "available", etcd: "healthy" };
      expect(await k3sHealth(cluster().api, signal)).toStrictEqual(healthy);
    });

    test("is unknown where the token is refused", async () => {
      expect(await k3sHealth({ ...cluster().api, token: "wrong" }, signal)).toStrictEqual({
        ready: undefined,
        api_server: "unknown: it refuses this gateway's K3s token",
        etcd: "unknown",
      });
    });
  });
}
