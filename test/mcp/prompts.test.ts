import { describe, expect, test } from "vitest";
import { z } from "zod";
import { definePrompt } from "../../src/contract/prompt.ts";
import { prompts } from "../../src/prompts/index.ts";
import { demo, DEMO_CALLER } from "../support/demo.ts";
import { callerWith, clientV1, clientV2, type Served } from "../support/protocol.ts";

const home = demo("documented");
const SERVED: Served = { catalogue: { prompts }, caller: DEMO_CALLER, open: () => home.context };

describe.each(["v1", "v2"] as const)("a %s client", (era) => {
  const connect = (from: Served) => (era === "v1" ? clientV1(from) : clientV2(from));

  test("is told the prompts with their arguments", async () => {
    const client = await connect(SERVED);
    const listed = await client.listPrompts();
    expect(listed.prompts.map(({ name }) => name)).toStrictEqual([
      "create-and-provision-cluster",
      "control-gpio",
      "deploy-workload",
      "home-health-check",
      "renew-certificates",
    ]);
    expect(listed.prompts.find(({ name }) => name === "control-gpio")).toMatchObject({
      title: "Switch or read a pin",
      arguments: [
        { name: "device", required: true, description: expect.any(String) },
        { name: "action", required: true, description: "on, off or read" },
        { name: "node", required: false, description: expect.any(String) },
      ],
    });
    await client.close();
  });

  test("gets one filled in", async () => {
    const client = await connect(SERVED);
    const args = { device: "led-strip", action: "on", node: "pi-worker-1" };
    const { messages } = await client.getPrompt({ name: "control-gpio", arguments: args });
    expect(messages).toMatchObject([{ role: "user", content: { type: "text" } }]);
    expect(JSON.stringify(messages)).toMatch(
      /Switch on the GPIO device.*led-strip.*pi-worker-1.*write_gpio_pin with value 1/,
    );
    await client.close();
  });

  test.each<[string, Record<string, string>, string]>([
    ["control-gpio", { device: "led" }, "action"],
    ["control-gpio", { device: "led", action: "blink" }, "on, off or read"],
    ["control-gpio", { device: "led", action: "on", colour: "red" }, "colour"],
    ["create-and-provision-cluster", { name: "two words" }, "letters, digits, - and _ only"],
    ["create-and-provision-cluster", { name: "x", nodes: "0" }, "a number from 1 to 99"],
    ["renew-certificates", { within_days: "soon" }, "a number of days"],
    ["home-health-check", { everything: "yes" }, "everything"],
    ["make-coffee", {}, "make-coffee"],
  ])("%s with %j is refused in words", async (name, args, words) => {
    const client = await connect(SERVED);
    const asking = client.getPrompt({ name, arguments: args });
    await expect(asking).rejects.toMatchObject({ code: -32602, message: expect.stringContaining(words) });
    await client.close();
  });

  test("of a viewer is told of what a viewer can follow, and is refused the rest", async () => {
    const client = await connect({ ...SERVED, caller: callerWith("viewer") });
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toStrictEqual(["home-health-check"]);
    const asking = client.getPrompt({ name: "renew-certificates" });
    await expect(asking).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining("needs the role admin"),
    });
    await client.close();
  });

  test("has arguments completed: names of the home, and fixed words", async () => {
    const client = await connect(SERVED);
    const complete = async (prompt: string, name: string, value: string) =>
      (await client.complete({ ref: { type: "ref/prompt", name: prompt }, argument: { name, value } })).completion
        .values;
    expect(await complete("control-gpio", "device", "led")).toStrictEqual(["led-sense", "led-strip"]);
    expect(await complete("control-gpio", "node", "pi-m")).toContain("pi-master-1");
    expect(await complete("control-gpio", "action", "o")).toStrictEqual(["on", "off"]);
    expect(await complete("deploy-workload", "cluster", "home")).toStrictEqual(["homelab"]);
    expect(await complete("deploy-workload", "image", "ng")).toStrictEqual([]);
    await expect(complete("deploy-workload", "colour", "")).rejects.toMatchObject({ code: -32602 });
    await expect(complete("make-coffee", "x", "")).rejects.toMatchObject({ code: -32602 });
    await client.close();
  });
});

test("a bug in a prompt is not told", async () => {
  const broken = definePrompt({
    name: "broken",
    title: "Broken",
    description: "Breaks.",
    role: "viewer",
    arguments: z.strictObject({}),
    choices: {},
    build() {
      throw new Error("canary");
    },
  });
  const client = await clientV2({ catalogue: { prompts: [broken] } });
  const asking = client.getPrompt({ name: "broken" });
  await expect(asking).rejects.toMatchObject({ code: -32603, message: expect.not.stringContaining("canary") });
  await client.close();
});
