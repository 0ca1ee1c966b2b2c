import * as z from "zod";
import { NOT_DONE, UNSURE } from "../../lib/aftermath.ts";
import { Fault, type FaultDetails, type FaultType } from "../../lib/errors.ts";
import { sentence, sentences } from "../../lib/sentence.ts";
import { redactText } from "../redact.ts";
import { type Answer, endpointOf } from "../request.ts";
import type { K3sApi, KubeAsk } from "./api.ts";

/** How Kubernetes says that something failed (meta/v1 Status). */
const KubeStatus = z.object({
  kind: z.literal("Status"),
  message: z.string().default(""),
  details: z
    .object({
      causes: z.array(z.object({ field: z.string().default(""), message: z.string().default("") })).default([]),
    })
    .optional(),
});

/** How many of a pod's mistakes are told at once. */
const MAX_CAUSES = 3;

const OWNER = "The owner of this gateway finds the steps in docs/kubernetes.md.";

interface Story {
  readonly type: FaultType;
  readonly message: string;
  readonly suggestions: readonly string[];
}

/** What a sentence needs to know. */
interface About {
  /** `cluster 1 of home "Cottage"`. */
  readonly cluster: string;
  /** `pod "web" in namespace "default"`. */
  readonly thing: string;
  readonly namespace: string;
  /** Whether it was to be made. */
  readonly makes: boolean;
  /** The cluster's own words, redacted; empty, or a space and a sentence. */
  readonly said: string;
  /** In seconds, if the cluster said when to ask again. */
  readonly wait: number | undefined;
}

const clusterOf = ({ clusterId, endpoint }: K3sApi) => `cluster ${clusterId} of home "${endpoint.name}"`;

const thingOf = ({ subject, namespace }: KubeAsk) =>
  namespace === undefined ? subject : `${subject} in namespace "${namespace}"`;

/** Kubernetes says Forbidden both of what the account may not do, and of what a policy or a quota refuses. */
function forbidden({ cluster, thing, namespace, said }: About): Story {
  const lacksRight = / cannot (get|list|create|delete|patch|update|watch) /.test(said);
  return {
    type: "forbidden",
    message: `K3s of ${cluster} refuses ${thing}.${said} ${NOT_DONE}`,
    suggestions: lacksRight
      ? [`The gateway's service account lacks that right in namespace "${namespace}": give it the role. ${OWNER}`]
      : ["Change the pod so that the cluster's rules allow it, or ask who runs the cluster."],
  };
}

const STORIES: Readonly<Record<number, (about: About) => Story>> = {
  400: ({ cluster, thing, said }) => ({
    type: "invalid_input",
    message: `K3s of ${cluster} refuses ${thing}: it is not as Kubernetes wants it.${said} ${NOT_DONE}`,
    suggestions: ["Correct what it names, and try again."],
  }),
  401: ({ cluster }) => ({
    type: "unauthorized",
    message: `K3s of ${cluster} does not accept this gateway's token: it has expired, or is not of that cluster. ${NOT_DONE}`,
    suggestions: [`Make a new one and put it into HOME_SECRETS; signing in again does not help. ${OWNER}`],
  }),
  403: forbidden,
  404: ({ cluster, thing, said, makes }) => ({
    type: "not_found",
    message: `K3s of ${cluster} ${makes ? "did not make" : "has no"} ${thing}.${said}`,
    suggestions: ["Check the name and the namespace."],
  }),
  409: ({ cluster, thing, said }) => ({
    type: "conflict",
    message: `K3s of ${cluster}: ${thing} conflicts with what is there.${said} ${NOT_DONE}`,
    suggestions: ["Look at it with get_pod; take another name, or wait until it is gone."],
  }),
  429: ({ cluster, wait }) => ({
    type: "operation_failed",
    message: `K3s of ${cluster} is being asked too often and refused. ${NOT_DONE}`,
    suggestions: [`Try again in ${wait ?? 10} seconds.`],
  }),
};

function failure(about: About, ask: KubeAsk, status: number): Story {
  return {
    type: status >= 502 ? "connection_failed" : "operation_failed",
    message: sentences(
      `K3s of ${about.cluster} failed (${about.thing}, HTTP ${status}).${about.said}`,
      ask.unsure?.sentence ?? NOT_DONE,
    ),
    suggestions: [
      ask.unsure?.suggestion ?? "Try again in a minute.",
      "get_cluster_status shows what is wrong with it.",
    ],
  };
}

/** An error that is not written as Kubernetes writes it: a tunnel's, a login page's, another program's. */
function notKubernetes(api: K3sApi, ask: KubeAsk, details: FaultDetails, what: string): Fault {
  return new Fault(
    "connection_failed",
    sentences(`What answers at ${api.endpoint.url} for ${clusterOf(api)} ${what}`, ask.unsure?.sentence ?? NOT_DONE),
    {
      suggestions: [
        ...(ask.unsure === undefined ? [] : [ask.unsure.suggestion]),
        `Check that this address leads to port 6443 of a K3s server. ${OWNER}`,
      ],
      details,
    },
  );
}

/** Kubernetes quotes a whole Go structure before it says what is wrong with it. */
function withoutDump(text: string): string {
  const start = text.search(/\b[a-z]+\.[A-Z]\w*\{/);
  const end = text.lastIndexOf("}: ");
  return start === -1 || end < start ? text : `${text.slice(0, start)}…${text.slice(end + 1)}`;
}

function wordsOf({ message, details }: z.output<typeof KubeStatus>, secrets: readonly string[]): string {
  const causes = details?.causes.slice(0, MAX_CAUSES).filter((cause) => cause.message !== "") ?? [];
  const told = causes.map((cause) => (cause.field === "" ? cause.message : `${cause.field}: ${cause.message}`));
  return redactText((told.length === 0 ? [message] : told).map(withoutDump).join("; "), secrets);
}

/** The fault that an error answer of a cluster means. */
export function refusal(api: K3sApi, ask: KubeAsk, answer: Answer): Fault {
  const { status } = answer;
  const details = { statusCode: status, endpoint: endpointOf(ask) };
  const body = KubeStatus.safeParse(answer.body);
  if (!body.success) return notKubernetes(api, ask, details, `says HTTP ${status}, but not as Kubernetes does.`);
  const words = wordsOf(body.data, ask.secrets ?? []);
  const about: About = {
    cluster: clusterOf(api),
    thing: thingOf(ask),
    namespace: ask.namespace ?? "",
    makes: ask.method === "POST",
    said: words === "" ? "" : ` It said: ${sentence(words)}`,
    wait: answer.retryAfterMs === undefined ? undefined : Math.ceil(answer.retryAfterMs / 1000),
  };
  const story = STORIES[status === 422 ? 400 : status]?.(about) ?? failure(about, ask, status);
  return new Fault(story.type, story.message, {
    suggestions: story.suggestions,
    details: { ...details, ...(words === "" ? {} : { originalError: words }) },
  });
}

/** What exchange says of a controller, said of this cluster instead; a home's name holds no quotation marks. */
function ofCluster(api: K3sApi, text: string): string {
  const cluster = `cluster ${api.clusterId} of home "`;
  return text
    .replace(/the pi-controller of home "/i, `K3s of ${cluster}`)
    .replace(/^Home "/, `K3s of ${cluster}`)
    .replace(/\b(answer of|for) home "/, `$1 ${cluster}`)
    .replaceAll("pi-controller", "K3s");
}

/** The same of a remedy, where the name is mostly that of a service or a log. */
const ofService = (text: string) =>
  text.replaceAll("pi-controller", "k3s").replaceAll("http://localhost:8080", "https://127.0.0.1:6443");

/**
 * The fault of a request that got no answer which can be read.
 * @param lost what the request itself ended with; it knows what stands on the way, and whether that let it through
 */
export function wayLost(api: K3sApi, { unsure }: KubeAsk, lost: Fault): Fault {
  const stoppedBefore = lost.message.endsWith(NOT_DONE);
  const what = lost.message.replace(NOT_DONE, "").replace(UNSURE, "");
  const open = stoppedBefore ? undefined : unsure;
  return new Fault(lost.type, sentences(ofCluster(api, what), open?.sentence ?? NOT_DONE), {
    suggestions: [...(open === undefined ? [] : [open.suggestion]), ...lost.suggestions.map(ofService)],
    ...(lost.details === undefined ? {} : { details: lost.details }),
  });
}

/** The fault of an answer that is Kubernetes' JSON, but not what was asked for. */
export function notUnderstood(api: K3sApi, ask: KubeAsk): Fault {
  return notKubernetes(api, ask, { endpoint: endpointOf(ask) }, "sends something that is no Pod.");
}
