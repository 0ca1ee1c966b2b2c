import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseTraceparent, Trace } from "../../src/lib/trace.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const GOOD = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

const wait = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

describe("a traceparent", () => {
  test("that is one", () => {
    expect(parseTraceparent(GOOD)).toStrictEqual({ traceId: TRACE_ID, sampled: true });
    expect(parseTraceparent(GOOD.replace(/01$/, "02"))).toStrictEqual({ traceId: TRACE_ID, sampled: false });
  });

  test.each([
    undefined,
    7,
    "",
    {},
    [GOOD],
    GOOD.toUpperCase(),
    ` ${GOOD}`,
    `${GOOD}\r\nx-evil: 1`,
    `${GOOD}\n`,
    `${GOOD}-00`,
    `ff${GOOD.slice(2)}`,
    `01${GOOD.slice(2)}`,
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE_ID}-${"0".repeat(16)}-01`,
    GOOD.replace("4bf9", "4bg9"),
  ])("%j is none", (value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});

describe("one call", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
  });
  afterEach(() => vi.useRealTimers());

  test("names all its requests with one id and a number, and each with a span of its own", () => {
    const trace = new Trace(GOOD);
    const [first, second] = [trace.headers(), trace.headers()];
    expect(first["x-request-id"]).toBe(`${trace.id}-1`);
    expect(second["x-request-id"]).toBe(`${trace.id}-2`);
    expect(first["traceparent"]).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
    expect(new Set([first["traceparent"], second["traceparent"], GOOD]).size).toBe(3);
    expect(trace.requests).toBe(2);
    expect(new Trace("garbage").headers()).not.toHaveProperty("traceparent");
  });

  test("time at homes is counted once for requests at the same time, and also if they fail", async () => {
    const trace = new Trace();
    const both = Promise.all([trace.during(() => wait(100)), trace.during(() => wait(60))]);
    await vi.advanceTimersByTimeAsync(50);
    expect(trace.homeMs(Date.now())).toBe(50);
    await vi.advanceTimersByTimeAsync(50);
    await both;
    await vi.advanceTimersByTimeAsync(500);
    const failing = expect(trace.during(() => wait(20).then(() => Promise.reject(new Error("no"))))).rejects.toThrow(
      "no",
    );
    await vi.advanceTimersByTimeAsync(20);
    await failing;
    expect(trace.homeMs(Date.now())).toBe(120);
  });
});
