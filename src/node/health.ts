import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, freemem, loadavg } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Health } from "../federation/wire/frames.ts";

/** What a Raspberry Pi's firmware reports of now; the bits from 16 on are of the past. */
const THROTTLED: readonly (readonly [bit: number, name: string])[] = [
  [0, "under_voltage"],
  [1, "frequency_capped"],
  [2, "throttled"],
  [3, "soft_temperature_limit"],
];

/** The names of what `vcgencmd get_throttled` ("throttled=0x50005") or the kernel's file ("50005") reports of now. */
export function throttledNow(report: string): string[] {
  const [, hex] = /^(?:throttled=)?(?:0x)?([0-9a-f]+)\s*$/i.exec(report) ?? [];
  if (hex === undefined) return [];
  const bits = Number.parseInt(hex, 16);
  return THROTTLED.filter(([bit]) => ((bits >> bit) & 1) === 1).map(([, name]) => name);
}

/** Zones of the processor come before others, such as of a disk or battery. */
const PROCESSOR = /cpu|x86_pkg|soc/i;

const VCGENCMD_MS = 2000;

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function temperature(root: string): number | null {
  const folder = join(root, "sys/class/thermal");
  let zones: string[];
  try {
    zones = readdirSync(folder).filter((name) => name.startsWith("thermal_zone"));
  } catch {
    return null;
  }
  const read = zones.toSorted().flatMap((zone) => {
    const value = Number(textOf(join(folder, zone, "temp")) ?? Number.NaN);
    const isProcessor = PROCESSOR.test(textOf(join(folder, zone, "type")) ?? "");
    return Number.isFinite(value) ? [{ celsius: value / 1000, isProcessor }] : [];
  });
  const best = read.find(({ isProcessor }) => isProcessor) ?? read[0];
  if (best === undefined || best.celsius < -100 || best.celsius > 300) return null;
  return Math.round(best.celsius * 10) / 10;
}

const MEBI = 1024 * 1024;

function freeMemory(root: string): number {
  const [, kilobytes] = /^MemAvailable:\s+(\d+) kB$/m.exec(textOf(join(root, "proc/meminfo")) ?? "") ?? [];
  return Math.round(kilobytes === undefined ? freemem() / MEBI : Number(kilobytes) / 1024);
}

async function vcgencmd(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("vcgencmd", ["get_throttled"], { timeout: VCGENCMD_MS });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/**
 * Reads how it is with this machine.
 * @param root where `sys` and `proc` are
 */
export function healthReader(root = "/", firmware = vcgencmd): () => Promise<Health> {
  let hasFirmware = true;
  const throttled = async () => {
    const report = textOf(join(root, "sys/devices/platform/soc/soc:firmware/get_throttled"));
    if (report !== undefined) return throttledNow(report);
    if (!hasFirmware) return [];
    const said = await firmware();
    // Where there is no such command there will be none later.
    hasFirmware = said !== undefined;
    return throttledNow(said ?? "");
  };
  return async () => ({
    load: process.platform === "win32" ? null : Math.round(((loadavg()[0] ?? 0) / availableParallelism()) * 100) / 100,
    temperature_c: temperature(root),
    throttled: await throttled(),
    memory_free_mb: freeMemory(root),
  });
}

/** A node above this temperature is spared, in °C. */
const HOT_C = 75;
/** A node with less than this has no room for more, in MiB. */
const LITTLE_MB = 100;

const grade = (health: Health) => [
  health.throttled.join(" "),
  (health.temperature_c ?? 0) >= HOT_C,
  (health.memory_free_mb ?? LITTLE_MB) < LITTLE_MB,
  Math.min(2, Math.floor(health.load ?? 0)),
];

/** Whether it is so different that the hub should hear of it at once, because it matters for what the node is given. */
export function matters(before: Health, now: Health): boolean {
  return JSON.stringify(grade(before)) !== JSON.stringify(grade(now));
}
