import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { z } from "zod";
import { definePlugin, definePluginTool, type PluginCall, SWITCH } from "../../src/node/plugin.ts";

const Settings = z.strictObject({
  ...SWITCH,
  /** First part of the capabilities' names, so that tests with one hub do not meet. */
  domain: z.string(),
  /** What the answers call this node. */
  at: z.string(),
  /** Each execution's beginning and end is written there. */
  log: z.string().startsWith("/"),
  /** Part of a description, so that a definition can be changed. */
  wording: z.string().default("as it was"),
  only: z.array(z.string()).optional(),
});

const READS = { readOnly: true, destructive: false, idempotent: true, openWorld: false };
const CHANGES = { readOnly: false, destructive: false, idempotent: false, openWorld: false };

const Work = z.strictObject({ ms: z.number().default(0), name: z.string().default("") });

/** A process that does nothing until it is ended, for as long as work may take. */
function worked(ms: number, { signal }: PluginCall, started: (pid: number | undefined) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("sleep", [String(ms / 1000)], { signal, stdio: "ignore" });
    child.once("error", reject);
    child.once("close", () => resolve());
    started(child.pid);
  });
}

/** A plug-in for tests of whole fleets: it notes what it carries out in a file, which outlives its process. */
export const probe = definePlugin({
  name: "probe",
  about: "What was carried out, for tests.",
  settings: Settings,
  open({ domain, at, log, wording, only }) {
    const note = (words: string) => appendFileSync(log, `${words}\n`);
    const about = (verb: string, hints = READS, weight: "light" | "heavy" = "light") => ({
      name: `${domain}.${verb}`,
      title: verb,
      description: `For tests: ${verb} ${wording}.`,
      hints,
      weight,
    });
    const carriedOut = async (verb: string, { ms, name }: z.output<typeof Work>, call: PluginCall) => {
      let pid: number | undefined;
      note(`begin ${verb} ${name}`);
      if (ms > 0) {
        await worked(ms, call, (started) => {
          pid = started;
          note(`pid ${started} ${name}`);
        });
      }
      note(`end ${verb} ${name}`);
      return { at, name, pid: pid ?? null };
    };
    const tools = [
      definePluginTool({
        capability: about("read"),
        input: Work,
        run: (input, call) => carriedOut("read", input, call),
      }),
      definePluginTool({
        capability: about("write", CHANGES),
        input: Work,
        run: (input, call) => carriedOut("write", input, call),
      }),
      definePluginTool({
        capability: about("work", READS, "heavy"),
        input: Work,
        run(input, call) {
          for (let step = 1; step <= 3; step += 1) call.progress(step, 4, `step ${step}`);
          return carriedOut("work", input, call);
        },
      }),
      definePluginTool({
        capability: about("echo"),
        input: z.strictObject({ text: z.string() }),
        run: ({ text }) => Promise.resolve({ text }),
      }),
    ];
    const verbs = tools.filter(({ capability }) => only?.includes(capability.title) ?? true);
    return Promise.resolve({ tools: verbs, close: () => Promise.resolve() });
  },
});
