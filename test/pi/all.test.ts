import { describe, expect, test } from "vitest";
import { everyRow } from "../../src/pi/all.ts";
import type { PageRequest } from "../../src/pi/dialect.ts";
import { TooLarge } from "../../src/pi/request.ts";

/** A list of rows of which so many fit into one answer; counts what it is asked. */
function list(count: number, fits: number, total = count) {
  const asked: PageRequest[] = [];
  const ask = ({ limit, offset }: PageRequest) => {
    asked.push({ limit, offset });
    const rows = Array.from({ length: count }, (_, index) => ({ id: index + 1 })).slice(offset, offset + limit);
    if (rows.length > fits) return Promise.reject(new TooLarge("operation_failed", "too large"));
    return Promise.resolve({ rows, total });
  };
  return { asked, ask };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => ({ id: index + 1 }));

describe("every row", () => {
  test("comes with one request if it fits", async () => {
    const { ask, asked } = list(347, 1000);
    expect(await everyRow(ask)).toStrictEqual(upTo(347));
    expect(asked).toStrictEqual([{ limit: 1000, offset: 0 }]);
  });

  test.each([
    [347, 150, 4],
    [1000, 125, 9],
    [1000, 999, 9],
    [60, 20, 6],
    [1500, 1000, 2],
    [0, 0, 1],
  ])("%i rows of which %i fit into an answer: %i requests", async (count, fits, requests) => {
    const { ask, asked } = list(count, fits);
    expect(await everyRow(ask)).toStrictEqual(upTo(count));
    expect(asked).toHaveLength(requests);
  });

  test("is given up after ten requests, and when not even one row fits", async () => {
    const large = list(1000, 100);
    await expect(everyRow(large.ask)).rejects.toMatchObject({ message: expect.stringContaining("10 requests") });
    expect(large.asked).toHaveLength(10);
    const huge = list(3, 0);
    await expect(everyRow(huge.ask)).rejects.toThrow(TooLarge);
    expect(huge.asked.length).toBeLessThanOrEqual(10);
  });

  test("is not claimed if a row was left out between two pages", async () => {
    const { ask } = list(20, 1000, 21);
    await expect(everyRow(ask)).rejects.toMatchObject({ message: expect.stringContaining("changed meanwhile") });
  });

  test("passes on every other failure at once", async () => {
    let asked = 0;
    const failing = () => {
      asked += 1;
      return Promise.reject(new Error("no"));
    };
    await expect(everyRow(failing)).rejects.toThrow("no");
    expect(asked).toBe(1);
  });
});
