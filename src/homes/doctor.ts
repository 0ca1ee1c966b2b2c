import * as z from "zod";
import type { Diagnose, DiagnosisOptions, Hop } from "../contract/diagnosis.ts";
import { atLeast, type Role } from "../contract/role.ts";
import { Fault } from "../lib/errors.ts";
import type { PiClient } from "../pi/client.ts";
import { dialectOf } from "../pi/dialect.ts";
import { TOKEN_REFUSED, UNREACHABLE } from "../pi/k3s/health.ts";
import type { UpstreamLogin } from "../pi/login.ts";
import { faultOf } from "../pi/faults.ts";
import { type Answer, type Endpoint, exchange, type Wire } from "../pi/request.ts";
import { HealthAnswer } from "../pi/schemas/system.ts";
import { type Stage, Stopped } from "../pi/stopped.ts";
import type { Home } from "./home.ts";
import { type Check, type Found, foundFault, walk } from "./hops.ts";

/** What one home is looked at with. */
export interface Patient {
  readonly home: Home;
  readonly endpoint: Endpoint;
  /** In the person's name. */
  readonly pi: PiClient;
  /** What was granted. */
  readonly role: Role;
  /** Whether the home's service account acts for the person. */
  readonly service: boolean;
  readonly signal: AbortSignal;
  /** One sign-in whose outcome is forgotten. @throws Fault, `unauthorized` if the home refuses it */
  readonly tryLogin: (login: UpstreamLogin) => Promise<void>;
}

/** Seeded by every controller's migration (contract, section 6.14). */
const DEFAULT_LOGIN: UpstreamLogin = { username: "admin", password: "admin123" };

/** Tokens live 15 minutes: a clock that is further off than this makes them expire early, or seem to. */
const MAX_SKEW_MS = 60_000;

/** So many agents are asked: with the list of nodes that makes three requests. */
const MAX_AGENTS = 2;

const HEALTH: Wire = { method: "GET", path: "/health" };

/** Statuses with which a controller itself refuses or fails. */
const OWN_WORDS: ReadonlySet<number> = new Set([426, 429, 500, 503]);

/** What came back when the home's health was asked, without a token. */
interface Probe {
  readonly answer: Answer | undefined;
  readonly date: string | null;
  readonly fault: Fault | undefined;
}

async function probe({ endpoint, signal }: Patient): Promise<Probe> {
  let date: string | null = null;
  const watched: Endpoint = {
    ...endpoint,
    fetch: async (url, init) => {
      const response = await endpoint.fetch(url, init);
      date = response.headers.get("date");
      return response;
    },
  };
  try {
    const answer = await exchange(watched, HEALTH, { signal });
    // What a home says in its own words, such as that it is asked too often, is told as of any other request.
    const fault = OWN_WORDS.has(answer.status) ? faultOf(endpoint, HEALTH, { subject: "health" }, answer) : undefined;
    return { answer, date, fault };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { answer: undefined, date, fault: error };
  }
}

/** Where on its way the question was lost; `undefined` if it was answered. */
function lostAt({ fault }: Probe): Stage | undefined {
  if (fault === undefined) return undefined;
  if (fault instanceof Stopped) return fault.stage;
  // Without any answer nothing shows that the tunnel is there; with one that is no JSON something else has answered.
  return fault.details?.statusCode === undefined ? "tunnel" : "controller";
}

const STAGES = ["tunnel", "access", "tls", "controller"] as const satisfies readonly Stage[];

const PASSED: Readonly<Record<Stage, string>> = {
  tunnel: "The home's address leads to something that answers.",
  access: "Neither Cloudflare Access nor a security rule holds the gateway up.",
  tls: "The connection is encrypted, and its certificate is trusted.",
  controller: "pi-controller answers /health.",
};

/** Why a stage has no meaning for a home; `undefined` if it has. */
function notInUse({ url, reach }: Home, stage: Stage): string | undefined {
  if (stage === "controller") return undefined;
  if (reach === "demo") return "The demo home is part of the gateway.";
  if (stage === "tls" && url.startsWith("http://")) return "The home is reached by plain http.";
  return undefined;
}

function isHealth({ answer }: Probe): boolean {
  return answer?.status === 200 && HealthAnswer.safeParse(answer.body).success;
}

/** One stage of the way, from the one question that was sent along all of it. */
function stageFound(home: Home, stage: Stage, probed: Probe): Found {
  const unused = notInUse(home, stage);
  if (unused !== undefined) return { state: "skipped", seen: unused };
  const lost = lostAt(probed);
  if (lost === stage && probed.fault !== undefined) return foundFault(probed.fault);
  if (stage === "tunnel" && lost === "access") {
    return { state: "skipped", seen: "Not known: Cloudflare refuses the request before the tunnel." };
  }
  if (stage === "controller" && !isHealth(probed)) {
    const status = probed.answer?.status ?? 0;
    return {
      state: "failed",
      seen: `What answers at ${home.url}/health (HTTP ${status}) is no pi-controller.`,
      remedy: "Set the home's URL, and the service of its tunnel, to pi-controller's own address, without a path.",
    };
  }
  return { seen: PASSED[stage] };
}

const Timed = z.object({ timestamp: z.iso.datetime({ offset: true }) });

/** The home's time: its own word, since what stands in front of it may write the header itself. */
function timeAt({ answer, date }: Probe): number | undefined {
  const own = Timed.safeParse(answer?.body).data?.timestamp ?? date;
  const time = own === null ? Number.NaN : Date.parse(own);
  return Number.isNaN(time) ? undefined : time;
}

function clockFound(probed: Probe, now: number): Found {
  const time = timeAt(probed);
  if (time === undefined) return { state: "skipped", seen: "The home does not say what time it has." };
  const seconds = Math.round((time - now) / 1000);
  const off = `${Math.abs(seconds)} s ${seconds < 0 ? "slow" : "fast"}`;
  if (Math.abs(time - now) <= MAX_SKEW_MS) return { seen: `Its clock is right, to ${Math.abs(seconds)} s.` };
  const remedy = "On the Pi that runs pi-controller, run: sudo timedatectl set-ntp true.";
  return { state: "failed", seen: `Its clock is ${off}, so that sign-ins end too early or too late.`, remedy };
}

function dialectFound({ answer }: Probe): Found {
  const health = HealthAnswer.parse(answer?.body);
  const version = health.api_version === undefined ? "" : ` (API ${health.api_version})`;
  return dialectOf(health) === "documented"
    ? { seen: `A pi-controller as documented${version}.` }
    : { seen: "A released pi-controller: list_homes names the tools that do not work on it." };
}

/** What became of asking the home for the person's account. */
interface Account {
  readonly role: Role | undefined;
  /** Why the account may do nothing there. */
  readonly refused: Fault | undefined;
}

/** @throws Fault if the person is not signed in */
async function accountOf({ pi }: Patient): Promise<Account> {
  try {
    return { role: await pi.presentRole(), refused: undefined };
  } catch (error) {
    if (!(error instanceof Fault) || error.type !== "forbidden") throw error;
    return { role: undefined, refused: error };
  }
}

function roleFound({ role: granted }: Patient, { role, refused }: Account): Found {
  if (refused !== undefined) return foundFault(refused);
  if (role === undefined) return { seen: `The home does not say; ${granted} was granted.` };
  if (atLeast(role, granted)) return { seen: `Your account has ${role}; ${granted} was granted.` };
  return {
    state: "failed",
    seen: `Your account now has ${role}, less than the ${granted} that was granted.`,
    remedy: "Ask an admin of the home to raise your role, or connect again and grant less.",
  };
}

const OPEN = {
  state: "failed",
  seen: "WARNING: admin / admin123, which everybody knows, signs in as admin here. The token was thrown away.",
  remedy:
    "At once: make an admin account of your own (POST /api/v1/auth/register), then disable or delete the user admin in pi-controller's database, since it has no way to change a password.",
} as const satisfies Found;

async function defaultLoginFound({ role, tryLogin }: Patient, { defaultLogin }: DiagnosisOptions): Promise<Found> {
  if (!defaultLogin || role !== "admin") {
    const seen =
      "Not tried: only when an admin asks for it, since a refused sign-in counts towards locking the account.";
    return { state: "skipped", seen };
  }
  try {
    await tryLogin(DEFAULT_LOGIN);
    return OPEN;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.type === "unauthorized" || error.type === "forbidden") {
      return { seen: "The default account admin / admin123 is refused, or locked." };
    }
    return { state: "skipped", seen: `Not known. ${error.message}` };
  }
}

const UP: ReadonlySet<string> = new Set(["ready", "active"]);

/** Asks a few agents how their nodes are: that touches no pin. Nodes that are not ready are left alone (contract 4.4). */
async function agentsFound({ pi }: Patient): Promise<Found> {
  const { rows } = await pi.nodes.list({ include_gpio: true, limit: 50, offset: 0 });
  const up = rows.filter(({ status }) => UP.has(status));
  const driving = up.filter(({ gpio_devices = [] }) => gpio_devices?.some(({ mode }) => mode !== "input"));
  const [...asked] = (driving.length > 0 ? driving : up).slice(0, MAX_AGENTS);
  if (asked.length === 0) return { state: "skipped", seen: "No node is ready." };
  for (const { id } of asked) await pi.metrics(id);
  return { seen: `Answered: ${asked.map(({ name }) => name).join(", ")}, of ${up.length} nodes that are ready.` };
}

/** The one change that mends a cluster's API, by how it was found. */
function k3sRemedy(api_server: string): string {
  if (api_server === TOKEN_REFUSED) {
    return "Make a new token (kubectl create token) and put it into k3s_tokens of HOME_SECRETS: docs/kubernetes.md.";
  }
  if (api_server === UNREACHABLE) {
    return "Check the url in k3s of HOMES and the ingress rule for it in cloudflared's config.yml: docs/kubernetes.md.";
  }
  return "On the cluster's server, look at journalctl -u k3s.";
}

/** Asks the own APIs of the clusters, where they are configured; each has its own address. */
async function k3sFound({ pi }: Patient): Promise<Found> {
  const clusters = await pi.k3sHealth();
  const seen = clusters.map(({ cluster_id, api_server, etcd }) => `cluster ${cluster_id}: ${api_server}, data ${etcd}`);
  const [sick] = clusters.filter(({ ready }) => ready !== true);
  if (clusters.length === 0) return { state: "skipped", seen: "No K3s API is configured for its clusters." };
  if (sick === undefined) return { seen: `Ready: ${seen.join("; ")}.` };
  return { state: "failed", seen: `Not all ready: ${seen.join("; ")}.`, remedy: k3sRemedy(sick.api_server) };
}

/** The plan for one home; at most seven requests to its controller, one at a time, which a controller's burst of ten allows. */
function planFor(patient: Patient, options: DiagnosisOptions): readonly Check[] {
  let asked: Promise<Probe> | undefined;
  let account: Promise<Account> | undefined;
  const probed = () => (asked ??= probe(patient));
  const known = () => (account ??= accountOf(patient));
  const { home, service } = patient;
  const stages = STAGES.map((hop, index): Check => {
    const look = async () => stageFound(home, hop, await probed());
    return { hop, needs: STAGES.slice(0, index), look };
  });
  const signIn = async (): Promise<Found> => {
    await known();
    return { seen: service ? "The home's service account is signed in." : "Your account is signed in." };
  };
  return [
    ...stages,
    { hop: "sign_in", needs: ["controller"], look: signIn },
    { hop: "role", needs: ["sign_in"], look: async () => roleFound(patient, await known()) },
    { hop: "clock", needs: ["controller"], look: async () => clockFound(await probed(), Date.now()) },
    { hop: "dialect", needs: ["controller"], look: async () => dialectFound(await probed()) },
    { hop: "default_login", needs: ["controller"], look: () => defaultLoginFound(patient, options) },
    { hop: "agents", needs: ["role"], look: () => agentsFound(patient) },
    { hop: "k3s", needs: ["controller"], look: () => k3sFound(patient) },
  ];
}

/** Goes along the way to one home, hop by hop. */
export function doctor(patient: Patient): Diagnose {
  return (options): Promise<readonly Hop[]> => walk(planFor(patient, options));
}
