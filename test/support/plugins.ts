import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { CallResult } from "../../src/federation/wire/frames.ts";
import type { Plugin, PluginCall, PluginHost, PluginTool } from "../../src/node/plugin.ts";
import { NO_NOTES } from "./no-notes.ts";

/** A folder that is gone with the test. */
export function scratch(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pimcp-plugins-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a plug-in may use of its node, in a test. */
export interface HostSettings {
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly call?: (capability: string, input: Readonly<Record<string, unknown>>) => Promise<CallResult>;
}

function hostOf({ env = {}, folder = scratch(), call }: HostSettings): PluginHost {
  return {
    notes: NO_NOTES,
    folder: (name) => {
      mkdirSync(join(folder, name), { recursive: true });
      return join(folder, name);
    },
    env: (name) => env[name],
    call: async (capability, input) => {
      if (call === undefined) throw new Error(`nobody has ${capability}`);
      return call(capability, input);
    },
  };
}

export interface Running {
  readonly names: readonly string[];
  readonly tool: (name: string) => PluginTool;
  /** Parses the arguments as a node does, and runs the capability. */
  readonly run: (
    name: string,
    input: unknown,
    call?: Partial<PluginCall>,
  ) => Promise<Readonly<Record<string, unknown>>>;
  readonly close: () => Promise<void>;
}

/** Switches a plug-in on with settings as a configuration has them. */
export async function opened(plugin: Plugin, settings: unknown, host: HostSettings = {}): Promise<Running> {
  const open = await plugin.open(plugin.settings.parse(settings), hostOf(host));
  onTestFinished(() => open.close());
  const tool = (name: string) => {
    const found = open.tools.find(({ capability }) => capability.name === name);
    if (found === undefined) throw new Error(`it does not offer ${name}`);
    return found;
  };
  return {
    names: open.tools.map(({ capability }) => capability.name),
    tool,
    close: () => open.close(),
    run: async (name, input, call = {}) => {
      const found = tool(name);
      return found.run(found.input.parse(input), {
        signal: new AbortController().signal,
        progress: () => undefined,
        ...call,
      });
    },
  };
}
