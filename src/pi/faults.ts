import * as z from "zod";
import { Fault, type FaultType } from "../lib/errors.ts";
import { sentence } from "../lib/sentence.ts";
import { redactText } from "./redact.ts";
import { aftermath, type Answer, type Endpoint, endpointOf, type Wire } from "./request.ts";

/** The error bodies of a pi-controller (contract, section 6.7): `{error, message}`, `{error, code}` or `{error}`. */
const ErrorBody = z.object({
  error: z.string().optional(),
  message: z.string().optional(),
  code: z.string().optional(),
});

/** What a request was about, for the sentence of its failure. */
export interface Subject {
  /** "cluster 7", "the list of nodes". */
  readonly subject: string;
  /**
   * Of a thing that is to be made: what it refers to, "node 4", for a 404 is about that. Null if it refers to
   * nothing; undefined if nothing is made.
   */
  readonly needs?: string | null;
  /** The type of a failure of the home's own; `operation_failed` if it is nothing special. */
  readonly failure?: FaultType;
}

/** The home's own words, redacted; empty if there are none. */
export function wordsOf(answer: Answer): string {
  const body = ErrorBody.safeParse(answer.body);
  if (!body.success) return "";
  const { error, message } = body.data;
  return redactText(message ?? error ?? "");
}

/** Whether a 404 means that the controller has no such route, rather than no such thing (contract 2.6). */
export function isMissingRoute(answer: Answer): boolean {
  if (answer.status === 501) return true;
  if (answer.status !== 404) return false;
  const body = ErrorBody.safeParse(answer.body);
  if (!body.success || body.data.error === "API endpoint not found") return true;
  return body.data.message === undefined && body.data.code === undefined;
}

interface Story {
  readonly type: FaultType;
  readonly message: string;
  readonly suggestions: readonly string[];
}

type Teller = (home: string, about: Subject, words: string) => Story;

const said = (words: string) => (words === "" ? "" : ` It said: ${sentence(words)}`);

/** Which tool lists the ids of what; subjects are of our own making. */
const LISTED_BY: readonly (readonly [RegExp, string])[] = [
  [/^(nodes of )?cluster \d|^pod /, "list_clusters"],
  [/^node \d|\bnodes \d/, "discover_nodes"],
  [/GPIO device \d/, "list_gpio_devices"],
  [/^certificate \d/, "list_certificates"],
];

/** What to do about an id that the home does not know. */
function otherIds(subject: string): string {
  const tools = LISTED_BY.filter(([pattern]) => pattern.test(subject)).map(([, tool]) => tool);
  const pod = subject.startsWith("pod ") ? " Check the pod's name as well." : "";
  if (tools.length === 0) return "List what there is first and use an id from that list.";
  return `Use an id from ${tools.join(" or ")}.${pod}`;
}

function notFound(home: string, { subject, needs }: Subject, words: string): Story {
  if (needs === undefined) {
    return { type: "not_found", message: `Home "${home}" has no ${subject}.`, suggestions: [otherIds(subject)] };
  }
  const why = needs === null ? `it says that something is missing.${said(words)}` : `it has no ${needs}.`;
  return {
    type: "not_found",
    message: `Home "${home}" did not make ${subject}: ${why}`,
    suggestions: [needs === null ? "Update pi-controller, or look into its log for what it misses." : otherIds(needs)],
  };
}

const STORIES: Readonly<Record<number, Teller>> = {
  400: (home, about, words) => ({
    type: "invalid_input",
    message: `Home "${home}" refused the values for ${about.subject}.${said(words)}`,
    suggestions: ["Correct the values and try again. Nothing was changed."],
  }),
  401: (home) => ({
    type: "unauthorized",
    message: `Home "${home}" no longer accepts this sign-in.`,
    suggestions: ["Disconnect this connector in the AI client and connect it again to sign in anew."],
  }),
  403: (home, about, words) => ({
    type: "forbidden",
    message: `This account may not do that at home "${home}" (${about.subject}).${said(words)}`,
    suggestions: ["Ask an admin of the home for a higher role, or sign in with another account."],
  }),
  404: notFound,
  409: (home, about, words) => ({
    type: "conflict",
    message: `Home "${home}" refused: ${about.subject} conflicts with what is there.${said(words)}`,
    suggestions: ["Look at what is there and choose another name or id. Nothing was changed."],
  }),
  426: (home) => ({
    type: "operation_failed",
    message: `The pi-controller of home "${home}" wants HTTPS in front of it.`,
    suggestions: ["Reach it through its tunnel's https address, or set PI_CONTROLLER_ENVIRONMENT=development there."],
  }),
  429: (home) => ({
    type: "operation_failed",
    message: `Home "${home}" is being asked too often and refused. Nothing was changed.`,
    suggestions: ["Wait a minute, then ask for less at once."],
  }),
};

function missingRoute(home: string, about: Subject): Story {
  return {
    type: "operation_failed",
    message: `The pi-controller of home "${home}" has no way to do this (${about.subject}): its version lacks it.`,
    suggestions: ["Update pi-controller, or do it on the home's own console."],
  };
}

const OWN_ADVICE = ["Look at the state before trying again.", "Look into pi-controller's log for the cause."];

/** A second call to a dead agent can take a released controller down (contract 4.4). */
const AGENT_ADVICE: readonly string[] = [
  "Wait a minute before asking the pins of that node again: the Pi may be off or its agent stopped.",
  "discover_nodes shows whether the node is ready.",
];

/** The pin may follow although its agent failed. */
const SWITCHED_ADVICE: readonly string[] = [
  ...AGENT_ADVICE,
  "It is not known whether the pin was switched: read it with read_gpio_pin then.",
];

function adviceOf({ failure }: Subject, { path }: Wire): readonly string[] {
  if (failure !== "gpio_failed") return OWN_ADVICE;
  return path.endsWith("/write") ? SWITCHED_ADVICE : AGENT_ADVICE;
}

function ownFailure(home: string, about: Subject, answer: Answer, words: string, wire: Wire): Story {
  const gateway = answer.status >= 502;
  return {
    type: about.failure ?? (gateway ? "connection_failed" : "operation_failed"),
    message: `Home "${home}" failed (${about.subject}, HTTP ${answer.status}).${said(words)}`,
    suggestions: adviceOf(about, wire),
  };
}

/** The fault that a home's error answer means. */
export function faultOf(endpoint: Endpoint, wire: Wire, about: Subject, answer: Answer): Fault {
  const words = wordsOf(answer);
  const teller = STORIES[answer.status === 422 ? 400 : answer.status];
  const story = isMissingRoute(answer)
    ? missingRoute(endpoint.name, about)
    : (teller?.(endpoint.name, about, words) ?? ownFailure(endpoint.name, about, answer, words, wire));
  return new Fault(story.type, story.message, {
    suggestions: story.suggestions,
    details: {
      statusCode: answer.status,
      endpoint: endpointOf(wire),
      ...(words === "" ? {} : { originalError: words }),
    },
  });
}

/** The fault of an answer that is JSON, but not what pi-controller promises. */
export function unexpectedShape(endpoint: Endpoint, wire: Wire, answer: Answer, issue: string): Fault {
  return new Fault(
    "operation_failed",
    `The pi-controller of home "${endpoint.name}" answered in a form that is not understood (${issue}). ${aftermath(wire)}`,
    {
      suggestions: ["Report the controller's version to PiMCP's maintainers."],
      details: { statusCode: answer.status, endpoint: endpointOf(wire) },
    },
  );
}

/** The answer, its words without what was sent in confidence: controllers quote what they refuse. */
export function withoutSecrets(answer: Answer, secrets: readonly string[] = []): Answer {
  if (secrets.length === 0 || typeof answer.body !== "object" || answer.body === null) return answer;
  const clean = (value: unknown) => (typeof value === "string" ? redactText(value, secrets) : value);
  const entries = Object.entries(answer.body).map(([name, value]: [string, unknown]) => [name, clean(value)] as const);
  return { ...answer, body: Object.fromEntries(entries) };
}
