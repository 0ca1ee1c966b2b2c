import type { World } from "../../src/demo/state.ts";
import { createWorld } from "../../src/demo/world.ts";

/** Demo homes as large as controllers can make them, and talkative in several languages. */

/** What people's words look like. */
const TONGUES = {
  english: ["water", "pump", "behind", "the", "greenhouse", "that", "fills", "rain", "barrel", "every", "morning"],
  german: ["Außenbeleuchtung", "über", "der", "Garagentür", "für", "Gäste", "Küchenlüfter", "Prüfmaß"],
  chinese: ["温室里的水泵", "每天早上", "给番茄浇水", "请勿触摸", "書房檯燈", "開關"],
  arabic: ["مضخة", "المياه", "في", "الحديقة", "تعمل", "صباحا"],
  emoji: ["🌱", "💧", "🔥", "👩‍🌾", "🏡", "🇩🇪", "lamp", "🐈‍⬛"],
  codes: ["x7Qz-19bK", "0xDEADBEEF", "aGVsbG8gd29ybGQ=", "9f86d081884c7d65", "R2-D2", "BCM_18/PWM0"],
} as const;

export type Tongue = keyof typeof TONGUES;
export const TONGUE_NAMES: readonly Tongue[] = ["english", "german", "chinese", "arabic", "emoji", "codes"];

/** How large a home is, and how it talks. */
export interface Size {
  readonly nodes: number;
  readonly devices: number;
  readonly certificates: number;
  readonly clusters: number;
  /** Whether all devices are on one node, as with expanders. */
  readonly crowded: boolean;
  readonly tongue: Tongue;
  /** The longest description, in characters. */
  readonly longest: number;
  readonly seed: number;
}

/** Numbers below a bound, the same ones for the same seed (a linear congruential generator). */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const NAME_SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

const many = <Row>(count: number, row: (index: number) => Row): Row[] =>
  Array.from({ length: count }, (_, i) => row(i));

/** A home of that size. */
export function bigWorld(size: Size): World {
  const world = createWorld(Date.now());
  const roll = dice(size.seed);
  const name = (longest: number) => many(1 + roll(longest), () => NAME_SIGNS.charAt(roll(NAME_SIGNS.length))).join("");
  const words: readonly string[] = TONGUES[size.tongue];
  const prose = () => {
    const length = roll(size.longest + 1);
    let text = "";
    while (text.length < length) text += `${words[roll(words.length)] ?? ""} `;
    return text.slice(0, length).toWellFormed();
  };
  const [cluster] = world.clusters;
  const [node] = world.nodes;
  const [device] = world.devices;
  const [certificate] = world.certificates;
  if (cluster === undefined || node === undefined || device === undefined || certificate === undefined) {
    throw new Error("the demo home is empty");
  }
  const host = (index: number) => `${name(40)}-${index}.cluster.local`;
  return {
    ...world,
    clusters: many(size.clusters, (index) => ({ ...cluster, id: index + 1, name: name(63), description: prose() })),
    nodes: many(size.nodes, (index) => ({
      ...node,
      id: index + 1,
      name: name(63),
      role: index === 0 ? "master" : "worker",
      ip_address: `192.168.${100 + (index >> 8)}.${index & 255}`,
      cluster_id: 1,
    })),
    devices: many(size.devices, (index) => ({
      ...device,
      id: index + 1,
      node_id: size.crowded || size.nodes === 0 ? 1 : 1 + (index % size.nodes),
      pin_number: 4 + (index % 24),
      name: `${prose().slice(0, 40).toWellFormed()} ${index}`,
      description: prose(),
    })),
    certificates: many(size.certificates, (index) => {
      const common_name = host(index);
      const dns = [common_name, ...many(roll(4), host)];
      return { ...certificate, id: index + 1, common_name, dns, created_at: certificate.created_at + roll(1_000_000) };
    }),
    last_ids: { ...world.last_ids, clusters: 1000, nodes: 1000, devices: 1000, certificates: 1000 },
  };
}
