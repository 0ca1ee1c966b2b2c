import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import type { CallResult } from "../../../../src/federation/wire/frames.ts";
import { Failure, Refusal } from "../../../../src/node/plugin.ts";
import { ai } from "../../../../src/node/plugins/ai/index.ts";
import { vector } from "../../../../src/node/plugins/vector/index.ts";
import { aiServer } from "../../../support/ai-server.ts";
import { opened, scratch } from "../../../support/plugins.ts";

const TEXTS = [
  { id: "a", text: "Wie die Garagentür geöffnet wird: the garage door", metadata: { page: "3" } },
  { id: "b", text: "The oven heats up in ten minutes" },
  { id: "c", text: "東京の庭に水をまく garden" },
];

const idsOf = (answer: Readonly<Record<string, unknown>>) => {
  const hits = answer["hits"];
  return Array.isArray(hits)
    ? hits.map((hit: unknown) => (typeof hit === "object" && hit !== null && "id" in hit ? hit.id : ""))
    : [];
};

/** `ai.embed` of a real plug-in, as a node hands it on. */
async function embedder(): Promise<
  (capability: string, input: Readonly<Record<string, unknown>>) => Promise<CallResult>
> {
  const server = await aiServer();
  const models = await opened(ai, { url: `${server.origin}/v1`, embedding_models: ["embed"] });
  return async (capability, input) => ({
    content: [],
    structuredContent: { ...(await models.run(capability, input)) },
  });
}

describe("by words", () => {
  test("finds what was kept, in any language", async () => {
    const { run } = await opened(vector, {});
    expect(await run("vector.index", { collection: "manuals", texts: TEXTS })).toStrictEqual({
      collection: "manuals",
      added: 3,
      replaced: 0,
      texts: 3,
    });
    const find = async (query: string) => idsOf(await run("vector.search", { collection: "manuals", query }));
    expect(await find("OVEN")).toStrictEqual(["b"]);
    expect(await find("garagentür")).toStrictEqual(["a"]);
    expect(await find("東京")).toStrictEqual(["c"]);
    expect(await find("nothing")).toStrictEqual([]);
    expect(await run("vector.search", { collection: "manuals", query: "garage" })).toMatchObject({
      mode: "words",
      hits: [{ id: "a", metadata: { page: "3" }, truncated: false }],
    });
  });

  test("replaces, and removes", async () => {
    const { run } = await opened(vector, {});
    await run("vector.index", { collection: "manuals", texts: TEXTS });
    const again = await run("vector.index", { collection: "manuals", texts: [{ id: "b", text: "a fridge" }] });
    expect(again).toMatchObject({ added: 0, replaced: 1, texts: 3 });
    expect(idsOf(await run("vector.search", { collection: "manuals", query: "oven" }))).toStrictEqual([]);
    expect(idsOf(await run("vector.search", { collection: "manuals", query: "fridge" }))).toStrictEqual(["b"]);
    expect(await run("vector.remove", { collection: "manuals", ids: ["b", "x"] })).toMatchObject({ removed: 1 });
    expect(idsOf(await run("vector.search", { collection: "manuals", query: "fridge" }))).toStrictEqual([]);
    await expect(run("vector.remove", { collection: "manuals" })).rejects.toThrow(/Give either/);
    expect(await run("vector.remove", { collection: "manuals", whole_collection: true })).toMatchObject({ removed: 2 });
    await expect(run("vector.search", { collection: "manuals", query: "x" })).rejects.toThrow(/There are: none/);
  });

  test("survives the node's end, whole or not at all", async () => {
    const folder = scratch();
    const first = await opened(vector, {}, { folder });
    await first.run("vector.index", { collection: "manuals", texts: TEXTS });
    // A text that cannot be written takes the others of its call with it.
    const broken = new DatabaseSync(join(folder, "vector/manuals.sqlite"));
    broken.exec("CREATE TRIGGER t BEFORE INSERT ON texts WHEN new.id = 'bad' BEGIN SELECT RAISE(ABORT, 'disk'); END");
    broken.close();
    const texts = [
      { id: "good", text: "goodword" },
      { id: "bad", text: "badword" },
    ];
    await expect(first.run("vector.index", { collection: "manuals", texts })).rejects.toThrow(/disk/);
    expect(idsOf(await first.run("vector.search", { collection: "manuals", query: "goodword" }))).toStrictEqual([]);
    // Without `close`, as after a power cut.
    const second = await opened(vector, {}, { folder });
    expect(idsOf(await second.run("vector.search", { collection: "manuals", query: "garage" }))).toStrictEqual(["a"]);
    expect(idsOf(await second.run("vector.search", { collection: "manuals", query: "goodword" }))).toStrictEqual([]);
  });

  test("has its limits", async () => {
    const folder = scratch();
    const settings = { collections: 1, texts: 2, text_characters: 20 };
    const { run } = await opened(vector, settings, { folder });
    const index = (collection: string, ...texts: string[]) =>
      run("vector.index", { collection, texts: texts.map((text, id) => ({ id: `${id}`, text })) });
    await expect(index("a", "x".repeat(21))).rejects.toThrow(Refusal);
    await expect(index("a", "x", "y", "z")).rejects.toThrow(/2 texts at most/);
    await index("a", "x", "y");
    await expect(index("b", "x")).rejects.toThrow(/1 collections/);
    await expect(
      run("vector.index", {
        collection: "a",
        texts: [
          { id: "1", text: "x" },
          { id: "1", text: "y" },
        ],
      }),
    ).rejects.toThrow(/one id/);
    for (const collection of ["../x", "a/b", "A", "", "."]) await expect(index(collection, "x")).rejects.toThrow();
    expect(readdirSync(join(folder, "vector"))).toStrictEqual(["a.sqlite"]);
  });

  test("many at once do not get in each other's way", async () => {
    const { run } = await opened(vector, {});
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        run("vector.index", { collection: "a", texts: [{ id: `${index % 5}`, text: `word${index}` }] }),
      ),
    );
    expect(await run("vector.index", { collection: "a", texts: [{ id: "x", text: "x" }] })).toMatchObject({ texts: 6 });
  });

  test("a file that is no collection is told, and left alone", async () => {
    const folder = scratch();
    const { run } = await opened(vector, {}, { folder });
    writeFileSync(join(folder, "vector/odd.sqlite"), "no database at all, but long enough to be looked at".repeat(30));
    await expect(run("vector.search", { collection: "odd", query: "x" })).rejects.toThrow();
    expect(existsSync(join(folder, "vector/odd.sqlite"))).toBe(true);
  });
});

describe("by meaning", () => {
  test("finds what is alike, by vectors of ai.embed", async () => {
    const folder = scratch();
    const call = await embedder();
    const { run, close } = await opened(vector, { embeddings: true }, { folder, call });
    await run("vector.index", { collection: "manuals", texts: TEXTS });
    const find = async (running: typeof run, mode?: string) =>
      idsOf(
        await running("vector.search", {
          collection: "manuals",
          query: "boiler",
          limit: 1,
          ...(mode === undefined ? {} : { mode }),
        }),
      );
    expect(await find(run)).toStrictEqual(["b"]);
    expect(await find(run, "meaning")).toStrictEqual(["b"]);
    expect(await find(run, "words")).toStrictEqual([]);
    await close();
    const again = await opened(vector, { embeddings: true }, { folder, call });
    expect(await find(again.run, "meaning")).toStrictEqual(["b"]);
  });

  test("says what is missing", async () => {
    const folder = scratch();
    const words = await opened(vector, {}, { folder });
    await words.run("vector.index", { collection: "manuals", texts: TEXTS });
    await expect(words.run("vector.search", { collection: "manuals", query: "x", mode: "both" })).rejects.toThrow(
      Refusal,
    );
    await words.close();
    const both = await opened(vector, { embeddings: true }, { folder, call: await embedder() });
    await expect(both.run("vector.search", { collection: "manuals", query: "x" })).rejects.toThrow(
      /index its texts anew/,
    );
    await expect(both.run("vector.index", { collection: "manuals", texts: [{ id: "z", text: "z" }] })).rejects.toThrow(
      /other vectors/,
    );
    const failing = await opened(
      vector,
      { embeddings: true },
      {
        call: async () => ({ isError: true, content: [{ type: "text", text: "The model is busy." }] }),
      },
    );
    await expect(failing.run("vector.index", { collection: "a", texts: TEXTS })).rejects.toThrow(
      new Failure("The texts could not be turned into vectors: The model is busy."),
    );
  });
});
