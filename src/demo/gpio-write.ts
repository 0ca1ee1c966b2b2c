import * as z from "zod";
import { bind, requiredMessage, text, whole } from "./bind.ts";
import { type Demo, type DemoContext, refusal } from "./demo.ts";
import { invalidRequest } from "./gpio-records.ts";

const ReleasedWrite = z.object({ value: whole });
const DocumentedWrite = z.object({ value: z.number(), client_id: text });

/** What a write sends. */
export interface Write {
  /** Above 0 is HIGH, all else is LOW. */
  readonly value: number;
  /** Who writes, for the sake of a reservation. */
  readonly client_id: string;
}

/** The write in the body; a released controller takes 0 for missing (contract 4.4). */
export async function readWrite(demo: Demo, c: DemoContext): Promise<Write> {
  if (demo.quirks.zeroIsMissing) {
    const { value } = await bind(c, ReleasedWrite, invalidRequest);
    if (value === 0) throw invalidRequest(requiredMessage("Value"));
    return { value, client_id: "" };
  }
  const write = await bind(c, DocumentedWrite, invalidRequest);
  if (write.value !== 0 && write.value !== 1) {
    throw refusal(400, "value must be 0 (LOW) or 1 (HIGH)", "Invalid Request");
  }
  return write;
}
