import { z } from "zod";
import { chance } from "./moods.ts";
import { call, type Me, operate, pause, protocol, read, type Run, write } from "./talk.ts";
import type { Outcome } from "./wire.ts";

/** What an AI does in one turn for its person: mostly it looks, now and then it switches something. */

/** Between two calls of a turn: the model reads the answer and decides, in milliseconds on average. */
const DECIDE_MS = 2000;

/** Nodes whose agents are there, and GPIO devices of the demo home. */
const NODES = [1, 2, 3, 4, 5, 6, 7, 9, 10];
const DEVICES = [11, 13, 14, 15, 16, 17, 18, 21, 23];
const CLUSTERS = [1, 2, 3];

const any = <Each>(all: readonly [Each, ...Each[]] | readonly Each[], { random }: Run): Each => {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new Error("nothing to choose from");
  return one;
};

type Look = (me: Me, run: Run) => Promise<Outcome>;

/** Each way to look, with how often it is taken beside the others. */
const LOOKS: readonly (readonly [weight: number, Look])[] = [
  [12, (me, run) => call(me, run, "list_clusters")],
  [14, (me, run) => call(me, run, "get_cluster_status", { cluster_id: any(CLUSTERS, run) })],
  [10, (me, run) => call(me, run, "discover_nodes")],
  [10, (me, run) => call(me, run, "get_node_info", { node_id: any(NODES, run) })],
  [8, (me, run) => call(me, run, "list_gpio_devices")],
  [14, (me, run) => call(me, run, "read_gpio_pin", { gpio_id: any(DEVICES, run) })],
  [3, (me, run) => call(me, run, "get_gpio_readings", { gpio_id: 17, limit: 20 })],
  [3, (me, run) => call(me, run, "list_reservations")],
  [2, (me, run) => call(me, run, "list_homes")],
  [5, (me, run) => read(me, run, `cluster://${any(CLUSTERS, run)}/status`)],
  [4, (me, run) => read(me, run, `node://${any(NODES, run)}/info`)],
  [4, (me, run) => read(me, run, `node://${any(NODES, run)}/gpio`)],
  [4, (me, run) => read(me, run, `gpio://${any(DEVICES, run)}/state`)],
  [2, (me, run) => read(me, run, "system://health")],
  [4, (me, run) => protocol(me, run, "tools/list", () => me.client.ask("tools/list", {}))],
  [1, (me, run) => protocol(me, run, "resources/list", () => me.client.ask("resources/list", {}))],
];

const ALL_LOOKS = LOOKS.reduce((sum, [weight]) => sum + weight, 0);

function look(me: Me, run: Run): Promise<Outcome> {
  let left = run.random() * ALL_LOOKS;
  for (const [weight, way] of LOOKS) {
    left -= weight;
    if (left < 0) return way(me, run);
  }
  return call(me, run, "list_clusters");
}

const decide = ({ random }: Run) => pause(chance(random, DECIDE_MS));

/** Looks around: four calls on average. */
export async function lookAround(me: Me, run: Run): Promise<void> {
  await look(me, run);
  while (run.random() < 0.75 && Date.now() < run.until) {
    // oxlint-disable-next-line no-await-in-loop -- the next call follows from this one's answer
    await decide(run);
    // oxlint-disable-next-line no-await-in-loop
    await look(me, run);
  }
}

const switched = (me: Me, run: Run, gpio_id: number, value: 0 | 1, more = {}) =>
  write(me, run, { what: `gpio ${gpio_id}`, value }, () =>
    call(me, run, "write_gpio_pin", { gpio_id, value, ...more }),
  );

/** Switches the person's light on and off again. */
export async function switchLight(me: Me, run: Run): Promise<void> {
  const { light } = me.person;
  await call(me, run, "read_gpio_pin", { gpio_id: light });
  await decide(run);
  await switched(me, run, light, 1);
  await decide(run);
  await switched(me, run, light, 0);
}

/** A pump is reserved for so many seconds: with time to turn it off, or for no longer than it is to run. */
const HOLD_SECONDS = { released: 120, left: 10 };
/** Afterwards its safe level is driven, by whoever holds its reservation. */
const MADE_SAFE_MS = 3000;

/** Reserves the person's pump with a dead man's switch and turns it on; half of the time nobody turns it off. */
export async function runPump(me: Me, run: Run, gpio_id: number): Promise<void> {
  const client_id = `bench-${me.person.index}`;
  const left = run.random() < 0.5;
  const duration_seconds = HOLD_SECONDS[left ? "left" : "released"];
  const wish = { gpio_id, client_id, duration_seconds, on_expire: { value: 0 } };
  const held = await call(me, run, "reserve_gpio_pin", wish);
  if (held.kind !== "result") return;
  await switched(me, run, gpio_id, 1, { client_id });
  if (left) {
    await pause(duration_seconds * 1000 + MADE_SAFE_MS);
    return;
  }
  await decide(run);
  await call(me, run, "release_gpio_pin", { gpio_id, client_id, value: 0 });
}

const tokenIn = (outcome: Outcome) => (outcome.kind === "fault" ? outcome.confirmToken : undefined);

const Pod = z.object({ structuredContent: z.object({ pod: z.object({ phase: z.string() }) }) });

const isRunning = (outcome: Outcome) =>
  outcome.kind === "result" && Pod.safeParse(outcome.value).data?.structuredContent.pod.phase === "Running";

let pods = 0;

/** Deploys a pod, looks at it and deletes it, which takes a consent. */
export async function deployPod(me: Me, run: Run): Promise<void> {
  pods += 1;
  const name = `pod-${me.person.index}-${pods}`;
  const cluster_id = 1;
  const spec = { image: "nginx:1.29", name: "web" };
  const pod_spec = { metadata: { name }, spec: { containers: [spec] } };
  const deployed = await write(me, run, { what: `pod ${name}`, value: 0 }, () =>
    call(me, run, "deploy_pod", { cluster_id, pod_spec }),
  );
  await decide(run);
  if (deployed.kind !== "result") return;
  const pod = { cluster_id, pod_name: name };
  // Until it runs: a consent is to what was there when it was asked for.
  // oxlint-disable-next-line no-await-in-loop -- looks again and again
  while (Date.now() < run.until && !isRunning(await call(me, run, "get_pod", pod))) await decide(run);
  await decide(run);
  const asking = { as: "asks for consent first", fits: (outcome: Outcome) => tokenIn(outcome) !== undefined };
  const confirm_token = tokenIn(await call(me, run, "delete_pod", pod, asking));
  if (confirm_token === undefined) return;
  await decide(run);
  await write(me, run, { what: `no pod ${name}`, value: 0 }, () =>
    call(me, run, "delete_pod", { ...pod, confirm_token }),
  );
}

/** A login that the demo home's Pis take. */
const SSH = { username: "pi", password: "raspberry" };
/** A Pi of the demo home where nothing runs yet. */
const SPARE_NODE = 11;

const Operation = z.object({ structuredContent: z.object({ operation_id: z.string(), phase: z.string() }) });

const operationIn = (outcome: Outcome) =>
  outcome.kind === "result" ? Operation.safeParse(outcome.value).data?.structuredContent : undefined;

/** Installs K3s on a spare Pi, which takes longer than a call, and follows it to its end. */
export async function installPi(me: Me, run: Run): Promise<void> {
  const asked = { node_id: SPARE_NODE, role: "master", ssh_config: SSH };
  let isBegun = false;
  const follow = async () => {
    let outcome = await operate(me, run, "provision_node", asked);
    isBegun = operationIn(outcome) !== undefined;
    while (Date.now() < run.until) {
      const { operation_id, phase } = operationIn(outcome) ?? {};
      if (phase !== "running") break;
      // oxlint-disable-next-line no-await-in-loop -- looks again and again
      await decide(run);
      // oxlint-disable-next-line no-await-in-loop
      outcome = await operate(me, run, "get_operation", { operation_id });
    }
    return outcome;
  };
  // Begun and not seen to end is neither done nor undone.
  await write(me, run, { what: `install ${SPARE_NODE}`, value: 0 }, follow, (outcome) => {
    if (operationIn(outcome)?.phase === "done") return "done";
    return !isBegun && outcome.kind === "fault" && !outcome.message.includes("not known") ? "undone" : "unknown";
  });
}
