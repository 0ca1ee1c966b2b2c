import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { Wakes } from "../../src/federation/wakes.ts";

const NOW = Date.UTC(2030, 0, 1);

const fails = () => {
  throw new Error("no");
};

test("who fails when it is woken is woken again, and so is who came after it", () =>
  runInDurableObject(env.HOME_HUB.getByName(crypto.randomUUID()), async (_hub, { storage }) => {
    const wakes = new Wakes(storage, (work) => void work);
    wakes.set("jobs", NOW);
    wakes.set("context", NOW);
    const woken: string[] = [];
    const context = () => void woken.push("context");
    await expect(wakes.ring(NOW, { jobs: fails, context })).rejects.toThrow("no");
    await wakes.ring(NOW, { jobs: () => void woken.push("jobs"), context });
    expect(woken).toEqual(["jobs", "context"]);
    await storage.deleteAlarm();
  }));
