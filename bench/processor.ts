import { readFileSync } from "node:fs";

/** Milliseconds for each tick of the processor's clock, as Linux counts them for programs. */
const TICK_MS = 10;

/** Processor time that a process has used so far, in milliseconds; `undefined` where the system does not tell it. */
export function processorMs(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the name, which may hold anything: fields 3 and on; the time is in 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}
