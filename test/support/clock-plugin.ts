import { z } from "zod";
import { definePlugin, definePluginTool, Refusal, SWITCH } from "../../src/node/plugin.ts";

const HINTS = { readOnly: true, destructive: false, idempotent: true, openWorld: false };

const about = (name: string, weight: "light" | "heavy" = "light") => ({
  name,
  title: name,
  description: `For tests: ${name}.`,
  hints: HINTS,
  weight,
});

/** Waits, or less long if nobody waits for it. */
function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Calls whose signal came, by what they were given as a name. */
export const stopped: string[] = [];
export const opened: unknown[] = [];
export const closed: unknown[] = [];

/** A plug-in for tests, which does whatever a plug-in may. */
export const clock = definePlugin({
  name: "clock",
  about: "The time, for tests.",
  settings: z.strictObject({ ...SWITCH, zone: z.string().default("UTC") }),
  open(settings, host) {
    if (settings.zone === "broken") throw new Error("There is no such zone.");
    opened.push(settings);
    return Promise.resolve({
      tools: [
        definePluginTool({
          capability: about("clock.now"),
          input: z.strictObject({ name: z.string().max(20).optional() }),
          run: ({ name = "you" }) => Promise.resolve({ zone: settings.zone, hello: name }),
        }),
        definePluginTool({
          capability: about("clock.wait"),
          input: z.strictObject({ ms: z.number(), name: z.string().default("") }),
          async run({ ms, name }, { signal, progress }) {
            for (let step = 1; step <= 20; step += 1) progress(step, 20, `step ${step}`);
            await waited(ms, signal);
            if (signal.aborted) stopped.push(name);
            return { waited: ms };
          },
        }),
        definePluginTool({
          capability: about("clock.work", "heavy"),
          input: z.strictObject({ ms: z.number() }),
          async run({ ms }, { signal }) {
            await waited(ms, signal);
            return { worked: ms };
          },
        }),
        definePluginTool({
          capability: about("clock.big"),
          input: z.strictObject({ length: z.number() }),
          run: ({ length }) => Promise.resolve({ text: "ä😀".repeat(length / 3) }),
        }),
        definePluginTool({
          capability: about("clock.refuse"),
          input: z.strictObject({}),
          run: () => Promise.reject(new Refusal("The clock is not to be set here. Ask its owner.")),
        }),
        definePluginTool({
          capability: about("clock.break"),
          input: z.strictObject({}),
          run: () => Promise.reject(new Error("secret-of-the-clock")),
        }),
        definePluginTool({
          capability: about("clock.other"),
          input: z.strictObject({}),
          run: async (_input, call) => ({
            said: (await host.call("clock.now", { name: "other" }, call)).structuredContent,
          }),
        }),
      ],
      close() {
        closed.push(settings);
        return Promise.resolve();
      },
    });
  },
});
