import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe } from "vitest";
import { z } from "zod";
import type { K3sApi } from "../../src/pi/k3s/api.ts";
import { podsContract } from "../support/pods-contract.ts";

/** The client, by an account made as docs/kubernetes.md says, against a real API server; no kubelet, no scheduler. */

const KUBE_URL = z.string().parse(process.env["KUBE_URL"]);
const ADMIN = z.string().parse(process.env["KUBE_ADMIN_TOKEN"]);

const NAMESPACES = ["pimcp-pods", "pimcp-more", "pimcp-closed"];

const PLURALS: Readonly<Record<string, string>> = {
  Namespace: "/api/v1/namespaces",
  ServiceAccount: "/api/v1/namespaces/NS/serviceaccounts",
  Role: "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles",
  RoleBinding: "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings",
};

async function asAdmin(method: string, path: string, body?: string, type = "application/json"): Promise<unknown> {
  const headers = { authorization: `Bearer ${ADMIN}`, "content-type": type };
  const response = await fetch(KUBE_URL + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
  return JSON.parse(text);
}

/** The manifests of the documentation, as `kubectl apply` would send them. */
const MANIFESTS = [
  ...readFileSync(resolve(import.meta.dirname, "../../docs/kubernetes.md"), "utf8").matchAll(/^```yaml\n(.*?)^```/gms),
]
  .map(([, text = ""]) => text)
  .filter((text) => text.startsWith("apiVersion"))
  .flatMap((text) => text.split("---\n"));

async function apply(manifest: string, namespace: string): Promise<void> {
  const kind = /^kind: (\w+)$/m.exec(manifest)?.[1] ?? "";
  const path = PLURALS[kind]?.replace("NS", namespace) ?? "";
  const placed = manifest.replace("namespace: pimcp-pods", `namespace: ${namespace}`);
  await asAdmin("POST", path, placed, "application/yaml");
}

/** What the controllers of a whole cluster would make. */
const defaultAccount = (namespace: string) =>
  asAdmin("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, '{"metadata":{"name":"default"}}');

describe("a real API server", () => {
  let api: K3sApi;
  let requests = 0;

  beforeAll(async () => {
    for (const manifest of MANIFESTS) await apply(manifest, "pimcp-pods");
    for (const name of NAMESPACES.slice(1)) {
      await asAdmin("POST", "/api/v1/namespaces", JSON.stringify({ metadata: { name } }));
    }
    // The documentation's way to a further namespace.
    for (const manifest of MANIFESTS.slice(-2)) await apply(manifest, "pimcp-more");
    for (const name of NAMESPACES) await defaultAccount(name);
    const made = await asAdmin(
      "POST",
      "/api/v1/namespaces/pimcp-pods/serviceaccounts/pimcp/token",
      '{"spec":{"expirationSeconds":3600}}',
    );
    const { token } = z.object({ status: z.object({ token: z.string() }) }).parse(made).status;
    const endpoint = {
      name: "Cottage",
      url: KUBE_URL,
      timeoutMs: 10_000,
      fetch: (url: string, init: RequestInit) => {
        requests += 1;
        return fetch(url, init);
      },
    };
    api = { clusterId: 1, namespaces: ["pimcp-pods", "pimcp-more"], token, endpoint };
  });

  podsContract(() => ({
    api,
    kept: (namespace, name) => asAdmin("GET", `/api/v1/namespaces/${namespace}/pods/${name}`),
    sent: () => requests,
    async clear() {
      for (const namespace of NAMESPACES) {
        // Without a kubelet nobody confirms that a pod has stopped.
        await asAdmin("DELETE", `/api/v1/namespaces/${namespace}/pods?gracePeriodSeconds=0`);
      }
    },
  }));
});
