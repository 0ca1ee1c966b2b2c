import { expect, inject, test } from "vitest";
import { z } from "zod";
import { ACCOUNTS, connectV1, connectV2, jsonOf } from "../support/clients.ts";

const gateway = inject("gateway");

const URI = "cluster://1/events";

/** An output of a node of that cluster which no other test writes. */
const FAN = 11;

const Level = z.object({ value: z.literal([0, 1]) });
const Events = z.object({
  events: z.array(z.object({ what: z.string(), subject: z.string(), from: z.unknown(), to: z.unknown() })),
});

test("a client that listens to a cluster is told of a pin that another client switches, and reads what changed", async () => {
  const { client: listener } = await connectV2(gateway, ACCOUNTS.viewer);
  const { client: writer } = await connectV1(gateway, ACCOUNTS.operator);
  const updates: string[] = [];
  let told: (() => void) | undefined;
  listener.setNotificationHandler("notifications/resources/updated", ({ params }) => {
    updates.push(params.uri);
    told?.();
  });
  const events = async () => Events.parse(jsonOf((await listener.readResource({ uri: URI })).contents)).events;
  const ours = async () =>
    (await events()).filter(({ what, subject }) => what === "pin_level" && subject.startsWith(`gpio ${FAN} `));

  const subscription = await listener.listen({ resourceSubscriptions: [URI] });
  expect(subscription.honoredFilter).toMatchObject({ resourceSubscriptions: [URI] });
  // Answered after the first look, which only shows what there is.
  expect(await ours()).toStrictEqual([]);
  expect(updates).toStrictEqual([]);

  const before = await writer.callTool({ name: "read_gpio_pin", arguments: { gpio_id: FAN } });
  const from = Level.parse(before.structuredContent).value;
  const to = from === 1 ? 0 : 1;
  await writer.callTool({ name: "write_gpio_pin", arguments: { gpio_id: FAN, value: to } });
  // Looks are ten seconds apart; what other tests do in that home may be told as well.
  for (let known = 0; (await ours()).length === 0 || updates.length === 0; known = updates.length) {
    if (updates.length > known) continue;
    await new Promise<void>((resolve) => {
      told = resolve;
    });
  }
  expect(new Set(updates)).toStrictEqual(new Set([URI]));
  expect(await ours()).toMatchObject([{ from, to }]);

  await subscription.close();
  expect(await subscription.closed).toBe("local");
  await Promise.all([listener.close(), writer.close()]);
});
