import { describe, expect, test } from "vitest";
import { endingOf } from "../../src/activity/sentence.ts";
import { Fault, type FaultDetails, type FaultType, NotSent } from "../../src/lib/errors.ts";

const endingWith = (type: FaultType, details?: FaultDetails) =>
  endingOf(new Fault(type, "Words.", details === undefined ? {} : { details })).result;

const WRITE = "POST /api/v1/gpio/1/write";

describe("how a deed ended", () => {
  test.each<[what: string, type: FaultType, details: FaultDetails | undefined, result: string]>([
    ["a home that failed over a change", "gpio_failed", { endpoint: WRITE, statusCode: 500 }, "unknown"],
    ["a change whose answer cannot be read", "operation_failed", { endpoint: WRITE, statusCode: 200 }, "unknown"],
    ["a change whose answer is too large", "operation_failed", { endpoint: WRITE }, "unknown"],
    ["a home that failed at a look before", "operation_failed", { endpoint: "GET /health", statusCode: 500 }, "failed"],
    ["a sign-in before", "operation_failed", { endpoint: "POST /api/v1/auth/login", statusCode: 500 }, "failed"],
    ["a failure without a request", "operation_failed", undefined, "failed"],
    ["what a home's version lacks", "operation_failed", { endpoint: WRITE, statusCode: 501 }, "failed"],
    ["a refusal", "conflict", { endpoint: WRITE, statusCode: 409 }, "refused"],
    ["no answer", "timeout", { endpoint: WRITE }, "unknown"],
  ])("%s", (_what, type, details, result) => {
    expect(endingWith(type, details)).toBe(result);
  });

  test("what was never sent has failed; a bug of ours tells nothing", () => {
    expect(endingOf(new NotSent("timeout", "Words.")).result).toBe("failed");
    expect(endingOf(new Error("oh")).result).toBe("unknown");
  });
});
