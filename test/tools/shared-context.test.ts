import { expect, test } from "vitest";
import { writeContext } from "../../src/tools/shared-context.ts";

test("the record names a note by its key, and one for the house not at all", () => {
  const put = { key: "door/code", action: "put" } as const;
  expect(writeContext.deed?.(put)).toStrictEqual({ what: "put note door/code", subject: "note door/code" });
  const house = writeContext.deed?.({ ...put, zone: "home" });
  expect(house).toStrictEqual({ what: "put a note of the house", subject: "a note of the house" });
});
