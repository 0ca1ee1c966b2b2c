import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Health } from "../../src/federation/wire/frames.ts";
import { healthReader, matters, throttledNow } from "../../src/node/health.ts";
import { temporaryFolder } from "../support/pimcp.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
let count = 0;

/** A machine's files. */
function machine(files: Record<string, string>): string {
  const root = join(folder.path, `root-${(count += 1)}`);
  mkdirSync(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe("what a Raspberry Pi reports of its power and heat", () => {
  test.each([
    ["throttled=0x0", []],
    ["throttled=0x1", ["under_voltage"]],
    ["throttled=0x50005", ["under_voltage", "throttled"]],
    ["throttled=0x50000", []],
    ["0xf\n", ["under_voltage", "frequency_capped", "throttled", "soft_temperature_limit"]],
    ["e0008\n", ["soft_temperature_limit"]],
    ['error=1 error_msg="Command not registered"', []],
    ["", []],
  ])("%j", (report, names) => {
    expect(throttledNow(report)).toStrictEqual(names);
  });
});

describe("a machine's health", () => {
  test("is read from its files", async () => {
    const root = machine({
      "sys/class/thermal/thermal_zone0/temp": "21000\n",
      "sys/class/thermal/thermal_zone0/type": "battery\n",
      "sys/class/thermal/thermal_zone1/temp": "61234\n",
      "sys/class/thermal/thermal_zone1/type": "cpu-thermal\n",
      "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
      "proc/meminfo": "MemTotal:  3884000 kB\nMemAvailable:    2048000 kB\n",
    });
    const health = await healthReader(root, () => Promise.reject(new Error("not needed")))();
    expect(health).toMatchObject({
      temperature_c: 61.2,
      throttled: ["under_voltage", "throttled"],
      memory_free_mb: 2000,
    });
    expect(Health.parse(health)).toStrictEqual(health);
  });

  test("is asked of the firmware where there is no such file, and not again where there is none", async () => {
    let asked = 0;
    const root = machine({});
    const pi = healthReader(root, () => Promise.resolve("throttled=0x4"));
    expect(await pi()).toMatchObject({ temperature_c: null, throttled: ["throttled"] });
    const other = healthReader(root, () => {
      asked += 1;
      return Promise.resolve(undefined);
    });
    await other();
    expect(await other()).toMatchObject({ throttled: [] });
    expect(asked).toBe(1);
  });

  test("is told at once where it matters", () => {
    const well: Health = { load: 0.2, temperature_c: 50, throttled: [], memory_free_mb: 900 };
    expect(matters(well, { ...well, load: 0.4, temperature_c: 55, memory_free_mb: 700 })).toBe(false);
    expect(matters(well, { ...well, throttled: ["throttled"] })).toBe(true);
    expect(matters(well, { ...well, temperature_c: 80 })).toBe(true);
    expect(matters(well, { ...well, memory_free_mb: 50 })).toBe(true);
    expect(matters(well, { ...well, load: 1.5 })).toBe(true);
    expect(matters({ ...well, temperature_c: null }, { ...well, memory_free_mb: null })).toBe(false);
  });
});
