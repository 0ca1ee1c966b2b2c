import { mix } from "./nature.ts";

function digits(scope: string, salt: number, count: number): string {
  const letters = Array.from(new TextEncoder().encode(scope));
  return Array.from({ length: Math.ceil(count / 8) }, (_, block) => mix(salt, block, ...letters))
    .map((part) => part.toString(16).padStart(8, "0"))
    .join("")
    .slice(0, count);
}

/** The join token of a cluster or of a lone K3s server; it opens nothing, but looks like one that does. */
export function tokenOf(scope: string): string {
  return `K10${digits(scope, 1, 64)}::server:${digits(scope, 2, 32)}`;
}

/** The kubeconfig of a K3s server, equally harmless. */
export function kubeconfigOf(scope: string, ip: string): string {
  return [
    "apiVersion: v1",
    "kind: Config",
    `clusters: [{name: default, cluster: {server: "https://${ip}:6443"}}]`,
    `users: [{name: default, user: {token: "${digits(scope, 3, 40)}"}}]`,
    "contexts: [{name: default, context: {cluster: default, user: default}}]",
    "current-context: default",
  ].join("\n");
}
