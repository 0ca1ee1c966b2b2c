import { z } from "zod";
import type { Between } from "./whole.ts";

/**
 * Secrets that are easily recognised, and a home that puts them wherever a controller could: into every object of its
 * answers, and into its words of refusal.
 */

const mark = (what: string) => `canary-${what}-4711`;

/** What callers send in confidence. */
export const SSH_PASSWORD = mark("ssh-password");
export const JOIN_TOKEN = `K10abcdef0123456789abcdef::server:${mark("join-token")}`;

export const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----\n${mark("private-key")}\n-----END PRIVATE KEY-----\n`;

const K3S_TOKEN = `K10fedcba9876543210fedcba::server:${mark("k3s-token")}`;
const KUBECONFIG = `apiVersion: v1\nusers: [{user: {token: "${mark("kubeconfig")}", client-key-data: ${mark("client-key")}}}]`;
const JWT = `eyJhbGciOiJIUzI1NiJ9.${mark("jwt")}.sig`;

/** Fields that no answer of the gateway promises, as controllers send them. */
const PLANTED: Readonly<Record<string, unknown>> = {
  k3s_cluster_token: K3S_TOKEN,
  kubeconfig: KUBECONFIG,
  cluster_token: K3S_TOKEN,
  kube_config: KUBECONFIG,
  ssh_password: mark("stored-password"),
  api_key: mark("api-key"),
  refresh_token: JWT,
  commands: [{ Command: "k3s", Stdout: `token ${mark("stdout")}`, Stderr: mark("stderr") }],
};

/** What is an identity or an envelope of the controller's own answer, and not to be replaced. */
function planted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => planted(each));
  if (typeof value !== "object" || value === null) return value;
  const inner = Object.entries(value).map(([name, each]): [string, unknown] => [name, planted(each)]);
  const key = "private_key" in value || "id" in value || "data" in value ? { private_key: PRIVATE_KEY } : {};
  return { ...Object.fromEntries(inner), ...PLANTED, ...key };
}

/** How a controller refuses: its words hold what was sent, and what it knows. All short: long words are cut off. */
const WORDS: readonly ((sent: string, secret: string) => string)[] = [
  (sent) => `cannot bind ${sent.slice(0, 240)}`,
  (_sent, secret) => `ssh: handshake failed for pi with ${secret}, giving up`,
  () => `password=${mark("words")} and {"cluster_token": "${mark("words")}"} do not fit ${K3S_TOKEN}`,
  () => `cannot parse ${PRIVATE_KEY} or ${JWT}`,
  () => `bad kubeconfig: client-key-data: ${mark("words")} token: "${mark("words")}"`,
];

const Sent = z.object({
  password: z.string().optional(),
  join_token: z.string().optional(),
  ssh_config: z.object({ password: z.string().optional() }).optional(),
});

function secretIn(sent: string): string {
  const { data } = Sent.safeParse(JSON.parse(sent === "" ? "{}" : sent));
  return data?.ssh_config?.password ?? data?.join_token ?? data?.password ?? "nothing";
}

/** How the home answers. */
export interface Temper {
  /** What is refused: nothing, what changes something, sign-ins, or everything but sign-ins. */
  refuses: "nothing" | "writes" | "all" | "sign-ins";
  status: number;
  /** Which of its words it uses; `undefined` takes the next one each time. */
  words: number | undefined;
  /** Whether work on nodes fails with a good status. */
  failsKindly: boolean;
}

export const KINDS_OF_WORDS = WORDS.length;

const isSignIn = (request: Request) => new URL(request.url).pathname.startsWith("/api/v1/auth/");

function isRefused(request: Request, { refuses }: Temper): boolean {
  if (isSignIn(request)) return refuses === "sign-ins";
  return refuses === "all" || (refuses === "writes" && request.method !== "GET");
}

/** A home that gives its secrets away at every opportunity. */
export class Blabbermouth {
  readonly temper: Temper = { refuses: "nothing", status: 500, words: undefined, failsKindly: false };
  /** Tokens that the home has given out. */
  readonly tokens = new Set<string>();
  #said = 0;

  readonly between: Between = async (request, home) => {
    const sent = await request.clone().text();
    if (isRefused(request, this.temper)) return this.#refusal(sent);
    if (this.temper.failsKindly && request.method === "POST" && request.url.includes("provision")) {
      return Response.json({ success: false, error: this.#words(sent), ...PLANTED });
    }
    const answer = await home(request);
    if (answer.status === 204) return answer;
    const body: unknown = await answer.json();
    if (isSignIn(request)) {
      this.#keepTokens(body);
      return Response.json(body, { status: answer.status });
    }
    return Response.json(planted(body), { status: answer.status });
  };

  #words(sent: string): string {
    const words = WORDS[(this.temper.words ?? (this.#said += 1)) % WORDS.length];
    return words?.(sent, secretIn(sent)) ?? "";
  }

  #refusal(sent: string): Response {
    const { status } = this.temper;
    const body = { error: mark("error"), message: this.#words(sent), code: mark("code"), ...PLANTED };
    return Response.json(body, { status, headers: { "retry-after": "0" } });
  }

  #keepTokens(body: unknown): void {
    const { data } = z.object({ access_token: z.string(), refresh_token: z.string() }).safeParse(body);
    if (data === undefined) return;
    this.tokens.add(data.access_token);
    this.tokens.add(data.refresh_token);
  }
}
