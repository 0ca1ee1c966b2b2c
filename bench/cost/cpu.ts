import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { processorMs } from "../processor.ts";
import type { Client } from "./client.ts";

/** CPU time of the runtime, as the machine counts it: an estimate of what Cloudflare would bill, on another processor. */

function filesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return "";
      }
    });
  } catch {
    return [];
  }
}

/** The runtime whose storage lies in a folder; `undefined` where processes cannot be looked at. */
function runtimeOf(state: string): string | undefined {
  try {
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.find((pid) => filesOf(pid).some((file) => file.startsWith(join(state, "v3"))));
  } catch {
    return undefined;
  }
}

/** Milliseconds of CPU time that one warm call takes; `undefined` where that cannot be measured. */
export async function cpuOfCall(state: string, client: Client, calls: number): Promise<number | undefined> {
  const pid = runtimeOf(state);
  if (pid === undefined) return undefined;
  for (let count = 0; count < calls / 4; count += 1) await client.tool("list_clusters");
  const before = processorMs(Number(pid));
  for (let count = 0; count < calls; count += 1) await client.tool("list_clusters");
  const after = processorMs(Number(pid));
  return before === undefined || after === undefined ? undefined : (after - before) / calls;
}
