import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { claimTargets, type Progress } from "../../src/operations/claim.ts";
import type { Step } from "../../src/pi/provisioning.ts";

const newHub = () => env.HOME_HUB.getByName(crypto.randomUUID());
const remove = (node_id: number): Step => ({ kind: "deprovision_node", node_id, ssh_config: {} });
const cluster: Step = {
  kind: "provision_cluster",
  cluster_id: 1,
  master_node_id: 10,
  worker_node_ids: [11],
  ssh_config: {},
};

const always = (progress: Progress) => () => Promise.resolve(progress);

describe("two operations on the same", () => {
  test.each<[Step, Step, boolean]>([
    [remove(10), remove(10), true],
    [remove(10), remove(12), false],
    [cluster, remove(11), true],
    [cluster, remove(12), false],
    [cluster, { kind: "scale_cluster", cluster_id: 1, node_count: 3, ssh_config: {} }, true],
    [cluster, { kind: "scale_cluster", cluster_id: 2, node_count: 3, ssh_config: {} }, false],
  ])("%j, then %j", async (first, second, refused) => {
    const hub = newHub();
    await claimTargets(hub, "first", [first], always("running"));
    const again = claimTargets(hub, "second", [second], always("running"));
    if (refused)
      await expect(again).rejects.toMatchObject({ type: "conflict", message: expect.stringContaining("first") });
    else await expect(again).resolves.toBeUndefined();
  });

  test("are allowed one after the other", async () => {
    const hub = newHub();
    await claimTargets(hub, "first", [remove(10)], always("ended"));
    await expect(claimTargets(hub, "second", [remove(10)], always("ended"))).resolves.toBeUndefined();
  });

  test("at the same moment: one of them", async () => {
    const hub = newHub();
    const both = await Promise.allSettled(
      ["first", "second"].map((id) => claimTargets(hub, id, [remove(10)], always("none"))),
    );
    expect(both.map(({ status }) => status).toSorted()).toStrictEqual(["fulfilled", "rejected"]);
  });

  test("a claim whose operation never began stands in the way for half a minute only", async () => {
    const hub = newHub();
    await claimTargets(hub, "first", [remove(10)], always("none"));
    const old = {
      claim: async (...args: Parameters<typeof hub.claim>) =>
        (await hub.claim(...args)).map((claim) => ({ ...claim, age_ms: 31_000 })),
    };
    await expect(claimTargets(old, "second", [remove(10)], always("none"))).resolves.toBeUndefined();
  });

  test("a claim that is refused claims nothing", async () => {
    const hub = newHub();
    await claimTargets(hub, "first", [remove(10)], always("running"));
    await expect(claimTargets(hub, "second", [remove(12), remove(10)], always("running"))).rejects.toThrow("first");
    await expect(claimTargets(hub, "third", [remove(12)], always("running"))).resolves.toBeUndefined();
  });
});
