import { afterEach, describe, expect, test } from "vitest";
import { adoptedNode, callTool, endAll, textIn } from "../support/linked-node.ts";

afterEach(() => endAll());

describe("a node that is linked", () => {
  test("connects with a proof, says hello, and carries out a call", async () => {
    const node = await adoptedNode();
    const answer = await callTool("file_search", { args: { path: "/srv" } });
    expect(textIn(answer)).toBe(`file.search on ${node.name}`);
    expect(answer.route).toEqual({ node: node.name, why: "only one there", passed: [] });
    expect(node.calls).toMatchObject([{ name: "file.search", arguments: { path: "/srv" } }]);
  });
});
