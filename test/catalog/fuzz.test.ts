import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { AnyTool } from "../../src/contract/tool.ts";
import { createWorld } from "../../src/demo/world.ts";
import { complete } from "../../src/mcp/complete.ts";
import { Consents } from "../../src/mcp/consents.ts";
import { getPrompt } from "../../src/mcp/get-prompt.ts";
import type { Dialect } from "../../src/pi/dialect.ts";
import { Trace } from "../../src/lib/trace.ts";
import { prompts } from "../../src/prompts/index.ts";
import { resources } from "../../src/resources/index.ts";
import { tools } from "../../src/tools/index.ts";
import { anything, breakout, fitting, hostileText, nearly } from "../support/arbitrary-input.ts";
import { household, type Household, RESIDENT } from "../support/in-memory.ts";

/** The seed's eleven. */
const FaultShape = z.looseObject({
  type: z.enum([
    "connection_failed",
    "timeout",
    "unauthorized",
    "forbidden",
    "token_expired",
    "invalid_input",
    "not_found",
    "operation_failed",
    "conflict",
    "provisioning_failed",
    "gpio_failed",
  ]),
  message: z.string().min(1),
  confirm_token: z.string().optional(),
});

/** What a person is told of a bug of ours. */
const BUG = /PiMCP itself failed/;

const Result = z.object({
  isError: z.boolean().optional(),
  content: z.tuple([z.object({ text: z.string() })]),
  structuredContent: z.unknown().optional(),
});

const DIALECTS: readonly Dialect[] = ["documented", "released"];

const newHome = (dialect: Dialect) => household(dialect, createWorld(Date.now()), { confirms: true });

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.spyOn(console, "warn").mockReturnValue();
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  expect(console.error).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

/** Calls a tool and checks that the answer is one of the two that there are. @returns the fault, if it is one */
async function checked(home: Household, tool: AnyTool, args: Record<string, unknown>) {
  const { isError, content, structuredContent } = Result.parse(await home.call(tool.name, args));
  const told: unknown = JSON.parse(content[0].text);
  expect(content[0].text).not.toMatch(BUG);
  if (isError === true) return FaultShape.parse(told);
  const output = (tool.scope === "gateway" ? tool.output : tool.output.extend({ home: z.literal("demo") })).strict();
  expect(output.parse(told)).toStrictEqual(told);
  expect(structuredContent).toStrictEqual(told);
  return undefined;
}

/** Calls a tool, and once more with consent if it asks for that. */
async function fuzzed(home: Household, tool: AnyTool, args: Record<string, unknown>): Promise<void> {
  const before = home.requests;
  const { confirm_token: _token, ...own } = args;
  const fits = tool.input.safeParse(tool.preview === undefined ? args : own).success;
  const fault = await checked(home, tool, args);
  if (!fits) {
    expect(fault?.type).toBe("invalid_input");
    expect(home.requests).toBe(before);
  }
  if (fault?.confirm_token !== undefined) await checked(home, tool, { ...args, confirm_token: fault.confirm_token });
}

/** Leaves something behind that calls can be about: an empty cluster, an operation, a reserved pin. */
async function settle(home: Household): Promise<void> {
  const ssh_config = { use_agent: true };
  await home.call("create_cluster", { name: "attic" });
  await home.call("provision_nodes", { node_ids: [13], role: "worker", ssh_config });
  await home.call("reserve_gpio_pin", { gpio_id: 15, client_id: "watering" });
}

describe.each(DIALECTS)("a %s home", (dialect) => {
  describe.each(tools.map((tool) => [tool.name, tool] as const))("%s", (_name, tool) => {
    test.each([
      ["fit", fitting, 100],
      ["nearly fit", nearly, 100],
      ["are anything", anything, 60],
    ] as const)("arguments that %s: a value as promised, or a fault", async (_what, arbitrary, numRuns) => {
      // One home for all: what was done before is part of what may go wrong.
      const home = newHome(dialect);
      await settle(home);
      await fc.assert(
        fc.asyncProperty(arbitrary(tool.input), (args) => fuzzed(home, tool, args)),
        { numRuns },
      );
    });
  });
});

const call = (home: Household) => ({
  caller: RESIDENT,
  open: () => home.ports,
  origin: "https://pimcp.example",
  consents: new Consents(),
  signal: new AbortController().signal,
  until: Number.POSITIVE_INFINITY,
  trace: new Trace(),
});

/** Runs what either gives a value or throws an error of the protocol. */
async function valueOrProtocolError<Value>(work: () => Promise<Value> | Value): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(error.message).not.toMatch(BUG);
    return undefined;
  }
}

const uris = fc.oneof(
  hostileText,
  fc.webUrl(),
  fc
    .tuple(
      fc.constantFrom(...resources.map(({ uri }) => uri)),
      fc.oneof(
        hostileText,
        fc.integer({ min: -1, max: 25 }).map(String),
        fc.constantFrom("4294967295", "4294967296", "01", "1 ", "1.0", "+1", "1e0", "0x1", "%31"),
      ),
    )
    .map(([uri, id]) => uri.replace(/\{\w+\}/, () => id)),
  fc
    .tuple(fc.constantFrom(...resources.map(({ uri }) => uri.replace(/\{\w+\}/, "1"))), hostileText)
    .map(([uri, tail]) => uri + tail),
);

/** The resource that a URI names: an id is written in one way only. */
function named(uri: string) {
  return resources.find((resource) => {
    const [, id = "1"] = new RegExp(`^${resource.uri.replace(/\{\w+\}/, "([1-9]\\d*)")}$`).exec(uri) ?? [uri, "0"];
    return Number(id) > 0 && Number(id) < 2 ** 32;
  });
}

describe.each(DIALECTS)("resources of a %s home", (dialect) => {
  test("URIs that are anything: a value as promised, or an error of the protocol", async () => {
    const home = newHome(dialect);
    await fc.assert(
      fc.asyncProperty(uris, async (uri) => {
        const before = home.requests;
        const resource = named(uri);
        const text = await valueOrProtocolError(() => home.read(uri));
        if (resource === undefined) {
          expect(text).toBeUndefined();
          expect(home.requests).toBe(before);
        } else if (text !== undefined) {
          const told: unknown = JSON.parse(text);
          expect(
            resource.output
              .extend({ home: z.literal("demo") })
              .strict()
              .parse(told),
          ).toStrictEqual(told);
        }
      }),
      { numRuns: 600 },
    );
  });

  test("completions of anything", async () => {
    const home = newHome(dialect);
    const refs = fc.oneof(
      fc.constantFrom(...resources.map(({ uri }) => ({ type: "ref/resource", uri }) as const)),
      fc.constantFrom(...prompts.map(({ name }) => ({ type: "ref/prompt", name }) as const)),
      hostileText.map((uri) => ({ type: "ref/resource", uri }) as const),
      hostileText.map((name) => ({ type: "ref/prompt", name }) as const),
    );
    const names = fc.oneof(
      fc.constantFrom("cluster_id", "node_id", "gpio_id", "device", "name", "cluster"),
      hostileText,
    );
    await fc.assert(
      fc.asyncProperty(refs, names, hostileText, async (ref, name, value) => {
        const params = { ref, argument: { name, value } };
        const result = await valueOrProtocolError(() => complete({ resources, prompts }, params, call(home)));
        expect(result?.completion.values.length ?? 0).toBeLessThanOrEqual(100);
      }),
      { numRuns: 300 },
    );
  });
});

describe.each(prompts.map((prompt) => [prompt.name, prompt] as const))("prompt %s", (name, prompt) => {
  const args = Object.keys(prompt.arguments.shape);
  /** Lines that are no steps: what it is about and how to go about it. */
  const unnumbered = args.length === 0 ? 3 : 2;
  const hostileArguments = fc
    .oneof(
      fc.record(Object.fromEntries(args.map((each) => [each, hostileText])), { requiredKeys: [] }),
      fc.dictionary(fc.oneof(hostileText, fc.constantFrom("x", ...args)), hostileText, { maxKeys: 4 }),
      fc
        .tuple(fitting(prompt.arguments), fc.constantFrom(...args, "x"), fc.oneof(breakout, hostileText))
        .map(([made, changed, word]) => (args.includes(changed) ? { ...made, [changed]: word } : made)),
    )
    .map((made) => z.record(z.string(), z.string()).parse(made));

  test("a person's words stay words: they add no line and no step", async () => {
    const home = newHome("documented");
    await fc.assert(
      fc.asyncProperty(hostileArguments, async (given) => {
        const asked = { name, arguments: given };
        const result = await valueOrProtocolError(() => getPrompt(prompts, asked, call(home)));
        const [message] = result?.messages ?? [];
        if (message?.content.type !== "text") return;
        const { text } = message.content;
        const lines = text.split(/\r\n|[\n\r\u0085\u2028\u2029]/);
        const numbers = lines.flatMap((line) => /^(\d+)\. /.exec(line)?.[1] ?? []).map(Number);
        expect(numbers).toStrictEqual(numbers.map((_, index) => index + 1));
        expect(lines.length - numbers.length).toBeLessThanOrEqual(unnumbered);
      }),
      { numRuns: 300 },
    );
  });
});

test("a prompt that is not there is an error of the protocol", async () => {
  const home = newHome("documented");
  await fc.assert(
    fc.asyncProperty(hostileText, async (name) => {
      const error = await Promise.resolve()
        .then(() => getPrompt(prompts, { name }, call(home)))
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: ProtocolErrorCode.InvalidParams });
    }),
  );
});
