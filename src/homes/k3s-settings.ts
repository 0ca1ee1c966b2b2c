import * as z from "zod";
import { addressMistake, type AddressRules, boundAddressMistake } from "./address.ts";
import type { Home, HomeK3s, Reach } from "./home.ts";

export const BindingName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be the name of a binding, such as "HOME_VPC"');

const ID_MAX = 4_294_967_295;
const NO_ID = "must be the cluster's id, from list_clusters";

/** Pods there could take the whole cluster over. */
const SYSTEM_NAMESPACE = /^kube-/;

const Namespace = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "must be a namespace: 1 to 63 lower-case letters, digits and hyphens")
  .refine((name) => !SYSTEM_NAMESPACE.test(name), "must not be a namespace of Kubernetes itself");

/** Each is looked at to find a pod by its name alone. */
const MAX_NAMESPACES = 10;

/** The K3s API of one of a home's clusters, as `HOMES` gives it. */
export const K3sSetting = z.strictObject({
  cluster_id: z.number({ error: NO_ID }).int(NO_ID).min(1, NO_ID).max(ID_MAX, NO_ID),
  url: z.url({ protocol: /^https?$/, error: 'must be a URL such as "https://k3s.example.com"' }),
  namespaces: z
    .array(Namespace)
    .min(1, "must name a namespace, or be left out")
    .max(MAX_NAMESPACES, `must be at most ${MAX_NAMESPACES} namespaces`)
    .refine((names) => new Set(names).size === names.length, "must name each namespace once")
    .default(["default"]),
  binding: BindingName.optional(),
});

/** Tokens by cluster id; what can stand in a header. */
export const K3sTokens = z.record(z.string(), z.string().regex(/^[\x21-\x7e]{1,4096}$/));

type K3sSetting = z.output<typeof K3sSetting>;
type K3sTokens = z.output<typeof K3sTokens>;

function entryMistakes({ cluster_id, url, binding }: K3sSetting, reach: Reach, rules: AddressRules): string[] {
  const bound = reach === "vpc" || reach === "mtls";
  const mistake = reach === "vpc" ? boundAddressMistake(url) : addressMistake(url, rules);
  const about = `k3s of cluster ${cluster_id}:`;
  return [
    ...(mistake === undefined ? [] : [`${about} url ${mistake}`]),
    ...(binding === undefined || bound ? [] : [`${about} binding has no meaning with reach "${reach}".`]),
  ];
}

/** What does not go together, one sentence each. */
export function k3sMistakes(
  { k3s = [], reach }: { readonly k3s?: readonly K3sSetting[] | undefined; readonly reach: Reach },
  tokens: K3sTokens = {},
  rules: AddressRules,
): string[] {
  // Everybody knows the demo home's accounts.
  if (reach === "demo" && k3s.length > 0) return ['k3s has no meaning with reach "demo": its clusters are not real.'];
  const ids = k3s.map(({ cluster_id }) => String(cluster_id));
  const unknown = Object.keys(tokens).filter((id) => !ids.includes(id));
  return [
    ...k3s.flatMap((entry) => entryMistakes(entry, reach, rules)),
    ...(new Set(ids).size === ids.length ? [] : ["k3s names a cluster twice."]),
    ...ids
      .filter((id) => tokens[id] === undefined)
      .map((id) => `k3s of cluster ${id}: its token is missing in HOME_SECRETS, k3s_tokens.`),
    ...unknown.map(
      (id) => `has a token in k3s_tokens of HOME_SECRETS for cluster ${id.slice(0, 10)}, which its k3s does not name.`,
    ),
  ];
}

/** The clusters whose token is there; `k3sMistakes` tells of the others. */
export function k3sOf(k3s: readonly K3sSetting[], tokens: K3sTokens = {}): NonNullable<Home["k3s"]> {
  return k3s.flatMap(({ cluster_id, url, namespaces: [first, ...others], binding }): HomeK3s[] => {
    const token = tokens[cluster_id];
    if (token === undefined || first === undefined) return [];
    return [
      {
        clusterId: cluster_id,
        url: new URL(url).origin,
        namespaces: [first, ...others],
        token,
        ...(binding === undefined ? {} : { binding }),
      },
    ];
  });
}
