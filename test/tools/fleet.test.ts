import { describe, expect, test } from "vitest";
import type { Context } from "../../src/contract/context.ts";
import { noFleet } from "../../src/contract/fleet.ts";
import type { Role } from "../../src/contract/role.ts";
import { fleetNode, fleetNodes } from "../../src/resources/fleet.ts";
import { cancelOperation, listFleet } from "../../src/tools/fleet.ts";
import { getOperation } from "../../src/tools/operation.ts";
import { idOf, jobOn, memoryFleet, type MemoryNode, routeTo } from "../support/fleet.ts";
import { readUri, recording, runTool } from "../support/recording.ts";

const ATTIC: MemoryNode = {
  name: "attic",
  offers: [
    { capability: "file.search", tool: "file_search" },
    { capability: "shell.run", tool: "shell_run", role: "operator" },
    { capability: "db.query", tool: "db_query", state: "quarantined", problem: "its description changed" },
  ],
};
const LOFT: MemoryNode = { name: "loft", online: false, offers: [] };

function fleetOf(nodes: readonly MemoryNode[] = [ATTIC, LOFT], role: Role = "viewer") {
  const fleet = memoryFleet(nodes);
  const context: Context = { ...recording({}).context, role, fleet: fleet.as(role) };
  return { fleet, context };
}

describe("list_fleet", () => {
  test("tells who is there, since when, what can be called, and what is not on and why", async () => {
    expect(await runTool(listFleet, {}, fleetOf())).toMatchObject({
      nodes: [
        {
          name: "attic",
          online: true,
          tools: ["file_search"],
          not_on: [{ capability: "db.query", state: "quarantined", why: "its description changed" }],
        },
        { name: "loft", online: false, since: "2026-11-21T10:00:00.000Z", tools: [], not_on: [] },
      ],
      total: 2,
      next_offset: null,
    });
  });

  test("does not show a viewer what only others may use", async () => {
    expect(JSON.stringify(await runTool(listFleet, {}, fleetOf()))).not.toContain("shell");
    const operator = await runTool(listFleet, {}, fleetOf([ATTIC], "operator"));
    expect(operator).toMatchObject({ nodes: [{ tools: ["file_search", "shell_run"] }] });
  });

  test("goes by pages, which are not too long", async () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ ...ATTIC, name: `pi-${index}` }));
    const page = await runTool(listFleet, { limit: 2, offset: 3 }, fleetOf(many));
    expect(page).toMatchObject({ nodes: [{ name: "pi-3" }, { name: "pi-4" }], total: 200, next_offset: 5 });
    const { nodes } = listFleet.output.parse(await runTool(listFleet, { limit: 100 }, fleetOf(many)));
    expect(nodes.length).toBeLessThan(100);
  });

  test("says where there can be no nodes", async () => {
    const { context } = recording({});
    const none = runTool(listFleet, {}, { context: { ...context, fleet: noFleet } });
    await expect(none).rejects.toMatchObject({ type: "operation_failed", message: expect.stringContaining("gateway") });
  });
});

describe("a node's job", () => {
  const result = {
    content: [
      { type: "text", text: "x".repeat(30_000) },
      { type: "image", data: "aGk=", mimeType: "image/png" },
    ],
    structured: undefined,
    failed: false,
    route: routeTo("attic"),
  };

  test("is told by get_operation while it runs, and with its result", async () => {
    const { fleet, context } = fleetOf();
    fleet.jobs.set("job-1", jobOn("attic"));
    const ask = () => runTool(getOperation, { operation_id: "job-1" }, { context });
    expect(await ask()).toMatchObject({ kind: "node_job", phase: "running", steps: [{ message: "12 of 90 s" }] });
    expect(await ask()).not.toHaveProperty("result");
    fleet.jobs.set("job-1", jobOn("attic", { phase: "done", result: { ...result, structured: { frames: 3 } } }));
    expect(await ask()).toMatchObject({ phase: "done", result: { node: "attic", result: { frames: 3 } } });
    fleet.jobs.set("job-1", jobOn("attic", { phase: "done", result }));
    expect(await ask()).toMatchObject({ result: { left_out: "image image/png, 10000 more characters" } });
  });

  test("is cancelled by cancel_operation", async () => {
    const { fleet, context } = fleetOf();
    fleet.jobs.set("job-1", jobOn("attic"));
    const cancelled = await runTool(cancelOperation, { operation_id: "job-1" }, { context });
    expect(cancelled).toMatchObject({ operation_id: "job-1", phase: "cancelled" });
    expect(fleet.asked).toStrictEqual(["cancel job-1"]);
  });

  test("that is not there is not found, by either", async () => {
    for (const tool of [getOperation, cancelOperation]) {
      const asked = runTool(tool, { operation_id: "job-2" }, fleetOf());
      await expect(asked).rejects.toMatchObject({ type: "not_found" });
    }
  });

  test("is all that can be cancelled: provisioning goes on", async () => {
    const { fleet, context } = fleetOf();
    const id = "00000000-0000-4000-8000-000000000001";
    const asked = runTool(cancelOperation, { operation_id: id }, { context });
    await expect(asked).rejects.toMatchObject({
      type: "conflict",
      message: expect.stringContaining("cannot be cancelled"),
    });
    expect(fleet.asked).toStrictEqual([]);
  });
});

describe("resources of the fleet", () => {
  test("show the nodes, and one of them without what others may use", async () => {
    const from = fleetOf();
    expect(await readUri(fleetNodes, "fleet://nodes", from)).toMatchObject({
      nodes: [{ name: "attic" }, { name: "loft", online: false }],
      total: 2,
    });
    const one = await readUri(fleetNode, `fleet://nodes/${idOf("attic")}`, from);
    expect(one).toMatchObject({ name: "attic", capabilities: [{ name: "file.search" }, { name: "db.query" }] });
    await expect(readUri(fleetNode, `fleet://nodes/${idOf("cellar")}`, from)).rejects.toMatchObject({
      type: "not_found",
    });
  });

  test("notice who comes and goes and what is switched, and not a load", async () => {
    const { fleet, context } = fleetOf();
    const watch = fleetNodes.watch;
    if (watch === undefined) throw new Error("nothing is watched");
    const before = await watch.picture({}, context);
    expect(watch.changes(before, await watch.picture({}, context))).toStrictEqual([]);
    fleet.nodes = [
      { ...ATTIC, online: false, offers: [] },
      { ...LOFT, name: "barn" },
    ];
    const changes = watch.changes(before, await watch.picture({}, context));
    expect(changes).toMatchObject([
      { what: "fleet_node_state", subject: "node attic", from: "online", to: "offline" },
      { what: "fleet_node_capabilities", from: "file.search on, db.query quarantined", to: "" },
      { what: "fleet_node_joined", subject: "node barn" },
      { what: "fleet_node_left", subject: "node loft" },
    ]);
    const own = await fleetNode.watch?.picture({ id: idOf("barn") }, context);
    expect([...(own?.keys() ?? [])]).toStrictEqual([idOf("barn")]);
  });
});
