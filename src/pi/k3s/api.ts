import { Fault } from "../../lib/errors.ts";
import { type Answer, type Endpoint, exchange, type Wire } from "../request.ts";
import { refusal, wayLost } from "./faults.ts";

/** The K3s (Kubernetes) API of one cluster, as it is configured. */
export interface K3sApi {
  /** The cluster's id at the home's pi-controller. */
  readonly clusterId: number;
  /** The only namespaces that are touched; the first is used where none is named. */
  readonly namespaces: readonly [string, ...string[]];
  /** Of a service account of the cluster; the gateway's, not a person's. */
  readonly token: string;
  readonly endpoint: Endpoint;
}

/** One request to a cluster, and what its failure means. */
export interface KubeAsk extends Wire {
  /** `pod "web"`. */
  readonly subject: string;
  /** Where it is, if it is in a namespace. */
  readonly namespace?: string;
  /** Values that must not come back in a sentence, such as those of environment variables. */
  readonly secrets?: readonly string[];
  /** What is certain and what to do, if no answer came; nothing was changed if it is left out. */
  readonly unsure?: { readonly sentence: string; readonly suggestion: string } | undefined;
  /** Further statuses that are good answers. */
  readonly accepts?: readonly number[];
}

/** Asks a cluster. @throws Fault which names cluster and namespace */
export type AskKube = (ask: KubeAsk) => Promise<unknown>;

const isGood = ({ status }: Answer, { accepts }: KubeAsk) =>
  (status >= 200 && status < 300) || accepts?.includes(status) === true;

/** A read whose way failed may be repeated; a write never is, for it may have been done. */
const mayRepeat = ({ method }: Wire, error: unknown, signal: AbortSignal) =>
  method === "GET" && error instanceof Fault && error.type === "connection_failed" && !signal.aborted;

/** Asks one cluster until the signal ends the call. */
export function kubeAsker(api: K3sApi, signal: AbortSignal): AskKube {
  const once = (ask: KubeAsk) => exchange(api.endpoint, ask, { bearer: api.token, signal });

  async function reliably(ask: KubeAsk): Promise<Answer> {
    try {
      return await once(ask);
    } catch (error) {
      if (!mayRepeat(ask, error, signal)) throw error;
      return once(ask);
    }
  }

  return async (ask) => {
    const answer = await reliably(ask).catch((error: unknown) => {
      throw error instanceof Fault ? wayLost(api, ask, error) : error;
    });
    if (isGood(answer, ask)) return answer.body;
    throw refusal(api, ask, answer);
  };
}
