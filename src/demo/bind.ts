import * as z from "zod";
import { type DemoContext, type Refusal, refusal } from "./demo.ts";

/** A Go string: absent and null are "". */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** A Go int: absent and null are 0. */
export const whole = z
  .number()
  .int()
  .nullish()
  .transform((value) => value ?? 0);

/** A Go bool: absent and null are false. */
export const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

/** A Go slice: absent and null are empty. */
export function slice<T extends z.ZodType>(item: T) {
  return z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);
}

const MAX_ID = 4_294_967_295;

/** What gin's validator says of a missing or zero field. */
export function requiredMessage(field: string): string {
  return `Key: '${field}' Error:Field validation for '${field}' failed on the 'required' tag`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value === "number" && !Number.isInteger(value) ? `number ${value}` : typeof value;
}

function issueText(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "invalid request";
  if (issue.code !== "invalid_type") return issue.message;
  const at = issue.path.map(String).join(".");
  return `json: cannot unmarshal ${kindOf(issue.input)} into field ${at === "" ? "body" : at} of type ${issue.expected}`;
}

/** The largest real bodies are pods and signing requests; a released controller has no limit (contract 2.3). */
const MAX_BODY = 16_000;

const asBadRequest = (message: string): Refusal => refusal(400, message);

/**
 * Reads a JSON body by a schema; unknown fields are ignored as in gin.
 * @param whenEmpty what an empty body stands for; without it an empty body is refused
 */
export async function bind<T>(c: DemoContext, schema: z.ZodType<T>, refuse = asBadRequest, whenEmpty = ""): Promise<T> {
  const sent = (await c.req.text()) || whenEmpty;
  if (sent.length > MAX_BODY) throw refusal(413, `A request to the demo home may have ${MAX_BODY} characters`);
  if (sent === "") throw refuse("EOF");
  let body: unknown;
  try {
    body = JSON.parse(sent);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : "invalid JSON");
  }
  const parsed = schema.safeParse(body, { reportInput: true });
  if (!parsed.success) throw refuse(issueText(parsed.error.issues[0]));
  return parsed.data;
}

/** An id in the path: an unsigned 32-bit integer. */
export function pathId(c: DemoContext, name: string, refuse: () => Refusal): number {
  const sent = c.req.param(name) ?? "";
  const id = /^\d+$/.test(sent) ? Number(sent) : Number.NaN;
  if (!(id <= MAX_ID)) throw refuse();
  return id;
}

/** `limit` and `offset`, already checked by the validator; a limit of 0 is none. */
export interface Window {
  readonly limit: number;
  readonly offset: number;
}

/** The window asked for. */
export function windowOf(c: DemoContext, limit = 50): Window {
  return { limit: Number(c.req.query("limit") ?? limit), offset: Number(c.req.query("offset") ?? 0) };
}

/** The rows in a window. */
export function page<T>(rows: readonly T[], { limit, offset }: Window): T[] {
  return rows.slice(offset, limit === 0 ? undefined : offset + limit);
}
