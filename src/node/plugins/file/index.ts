import { definePlugin } from "../../plugin.ts";
import { treeOf } from "../rooted/tree.ts";
import { fileRead } from "./read.ts";
import { fileSearch } from "./search.ts";
import { FileSettings } from "./settings.ts";

export const file = definePlugin({
  name: "file",
  about: "Finds and reads text files in folders that you name.",
  settings: FileSettings,
  async open(settings) {
    const tree = await treeOf(settings.roots, [...settings.deny, ...settings.deny_also]);
    return { tools: [fileSearch(tree, settings), fileRead(tree, settings)], close: async () => undefined };
  },
});
