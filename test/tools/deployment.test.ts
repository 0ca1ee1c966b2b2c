import fc from "fast-check";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { AnyTool } from "../../src/contract/tool.ts";
import { deployPod, getPod } from "../../src/tools/deployment.ts";
import { recording, Refused, runTool } from "../support/recording.ts";

const GET = "GET /api/v1/deployments/clusters/1/pods/web";
const POST = "POST /api/v1/deployments/pods";

const pod = (names: readonly string[]) => ({
  metadata: { name: "web", namespace: "default" },
  spec: { nodeName: "pi-2", containers: names.map((name) => ({ name, image: `registry.example/${name}:1.2.3` })) },
  status: {
    phase: "Pending",
    containerStatuses: names.map((name) => ({ name, state: { waiting: { reason: "ImagePullBackOff" } } })),
  },
});

const Shown = z.object({
  pod: z.object({ containers: z.array(z.object({ name: z.string() })), containers_left_out: z.number().default(0) }),
});

const CALLS: [AnyTool, object][] = [
  [getPod, { cluster_id: 1, pod_name: "web" }],
  [deployPod, { cluster_id: 1, pod_spec: {} }],
];

describe.each(CALLS)("$name", (tool, args) => {
  test("shows as many containers as fit, and counts the others", async () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    const count = fc.constantFrom(1, 10, 300, 800);
    await fc.assert(
      fc.asyncProperty(name, count, async (stem, containers) => {
        const sent = pod(Array.from({ length: containers }, (_, index) => `${stem}-${index}`));
        const value = await runTool(tool, args, recording({ [GET]: sent, [POST]: sent }));
        expect(countTokens(JSON.stringify(value))).toBeLessThanOrEqual(6000);
        const shown = Shown.parse(value).pod;
        expect(shown.containers.length + shown.containers_left_out).toBe(containers);
        expect(shown.containers.length).toBeGreaterThan(0);
      }),
      { numRuns: 20 },
    );
  });

  test("of a small pod says nothing of leaving out", async () => {
    const answers = { [GET]: pod(["web"]), [POST]: pod(["web"]) };
    const { pod: shown } = z.object({ pod: z.looseObject({}) }).parse(await runTool(tool, args, recording(answers)));
    expect(shown).not.toHaveProperty("containers_left_out");
  });
});

test("a pod for a cluster that is not there says which", async () => {
  const home = recording({ [POST]: new Refused(404, "Cluster not found") });
  await expect(runTool(deployPod, { cluster_id: 1, pod_spec: {} }, home)).rejects.toMatchObject({
    type: "not_found",
    message: 'Home "Cabin" did not make a pod in cluster 1: it has no cluster 1.',
    suggestions: ["Use an id from list_clusters."],
  });
});
