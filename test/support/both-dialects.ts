import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Dialect } from "../../src/pi/dialect.ts";
import { readable } from "../../src/mcp/read-resource.ts";
import { resources } from "../../src/resources/index.ts";
import { tools } from "../../src/tools/index.ts";
import { expectOutcome, GOOD_CALLS, GOOD_READS, make } from "./good-calls.ts";
import { Client, moveIn, thaw } from "./whole.ts";

/** Every tool and every resource at one kind of home. */
export function atHomeThatIs(dialect: Dialect): void {
  beforeEach(() => {
    vi.spyOn(console, "info").mockReturnValue();
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await thaw();
  });

  describe(`a ${dialect} controller`, () => {
    test.each(GOOD_CALLS)("$tool: $shows", async (call) => {
      const { world } = moveIn(dialect);
      const client = new Client();
      expectOutcome(await make(call, client, world), call.outcome, dialect);
      call.after?.(world, dialect);
    });

    test.each(GOOD_READS)("$uri", async ({ uri, outcome }) => {
      moveIn(dialect);
      expectOutcome(await new Client().read(uri), outcome, dialect);
    });

    test("no tool and no resource is forgotten here", () => {
      expect(new Set(GOOD_CALLS.map(({ tool }) => tool))).toStrictEqual(new Set(tools.map(({ name }) => name)));
      const patterns = resources.map((resource) => readable(resource));
      for (const { resource, match } of patterns) {
        expect(
          GOOD_READS.filter(({ uri }) => match(uri) !== null),
          resource.uri,
        ).toHaveLength(1);
      }
    });
  });
}
