import * as z from "zod";
import {
  definePlugin,
  definePluginTool,
  Failure,
  type PluginCall,
  type PluginHost,
  Refusal,
  SWITCH,
} from "../../plugin.ts";
import type { Collections } from "./collections.ts";
import { MODES } from "./modes.ts";

/** Characters of one text in an answer. */
const MAX_TOLD = 2000;
/** Texts of one call: as many as `ai.embed` takes by default. */
const MAX_TEXTS = 32;

const VectorSettings = z.strictObject({
  ...SWITCH,
  /** Whether texts are found by what they mean, too, which the plug-in ai on this node has to offer. */
  embeddings: z.boolean().default(false),
  embedding_model: z.string().max(200).optional(),
  collections: z.int().min(1).max(256).default(16),
  texts: z.int().min(1).max(100_000).default(5000),
  text_characters: z.int().min(1).max(100_000).default(8000),
});
type VectorSettings = z.output<typeof VectorSettings>;

const Name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/)
  .describe('Name of the collection, such as "manuals"');
const Id = z.string().min(1).max(200);

export const vector = definePlugin({
  name: "vector",
  about: "Keeps collections of texts and finds them by words, and by what they mean.",
  settings: VectorSettings,
  async open(settings, host) {
    // Loaded where it is used: most nodes do without a search engine.
    const { Collections: Opened } = await import("./collections.ts");
    const collections = new Opened(host.folder("vector"), settings.collections);
    return {
      tools: [
        vectorIndex(settings, collections, host),
        vectorSearch(settings, collections, host),
        vectorRemove(collections),
      ],
      close: () => collections.close(),
    };
  },
});

function vectorIndex(settings: VectorSettings, collections: Collections, host: PluginHost) {
  return definePluginTool({
    capability: {
      name: "vector.index",
      title: "Keep texts to search",
      description:
        "Add texts to a collection on the node, or replace those with the same id; makes the collection if needed.",
      hints: { readOnly: false, destructive: false, idempotent: true, openWorld: false },
      weight: "light",
    },
    input: z.strictObject({
      collection: Name,
      texts: z
        .array(
          z.strictObject({
            id: Id,
            text: z.string().min(1).max(100_000),
            metadata: z.record(z.string().max(64), z.string().max(1000)).default({}),
          }),
        )
        .min(1)
        .max(MAX_TEXTS),
    }),
    async run({ collection, texts }, call) {
      const long = texts.find(({ text }) => text.length > settings.text_characters);
      if (long !== undefined) {
        throw new Refusal(
          `The text "${long.id}" is longer than ${settings.text_characters} characters; nothing was kept. Split it.`,
        );
      }
      if (new Set(texts.map(({ id }) => id)).size < texts.length)
        throw new Failure("Two texts have one id. Nothing was kept.");
      const vectors = settings.embeddings
        ? await embed(
            texts.map(({ text }) => text),
            settings,
            host,
            call,
          )
        : [];
      return collections.withNew(collection, async (opened) => {
        const added = texts.filter(({ id }) => !opened.has(id)).length;
        if (opened.size + added > settings.texts) {
          throw new Refusal(
            `A collection holds ${settings.texts} texts at most; nothing was kept. Remove some by vector_remove.`,
          );
        }
        call.signal.throwIfAborted();
        await opened.put(texts.map((text, index) => ({ ...text, vector: vectors[index] })));
        return { collection, added, replaced: texts.length - added, texts: opened.size };
      });
    },
  });
}

function vectorSearch(settings: VectorSettings, collections: Collections, host: PluginHost) {
  return definePluginTool({
    capability: {
      name: "vector.search",
      title: "Search kept texts",
      description:
        "Find texts of a collection on the node by words, by meaning where it has that, or both; the best come first.",
      hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
      weight: "light",
    },
    input: z.strictObject({
      collection: Name,
      query: z.string().min(1).max(2000),
      mode: z.enum(MODES).optional().describe("Without it, both where the node has vectors"),
      limit: z.int().min(1).max(50).default(8),
    }),
    async run({ collection, query, mode = settings.embeddings ? "both" : "words", limit }, call) {
      if (mode !== "words" && !settings.embeddings) {
        throw new Refusal('This node finds texts by words only: use mode "words".');
      }
      const [asked] = mode === "words" ? [] : await embed([query], settings, host, call);
      const hits = await collections.with(collection, (opened) => opened.search({ query, mode, vector: asked, limit }));
      return {
        collection,
        mode,
        hits: hits.map(({ text, score, ...hit }) => ({
          ...hit,
          score: Math.round(score * 10_000) / 10_000,
          text: text.slice(0, MAX_TOLD).toWellFormed(),
          truncated: text.length > MAX_TOLD,
        })),
      };
    },
  });
}

function vectorRemove(collections: Collections) {
  return definePluginTool({
    capability: {
      name: "vector.remove",
      title: "Remove kept texts",
      description: "Remove texts from a collection on the node by their ids, or the whole collection.",
      hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
      weight: "light",
    },
    input: z.strictObject({
      collection: Name,
      ids: z.array(Id).min(1).max(1000).optional(),
      whole_collection: z.boolean().default(false).describe("Instead of ids"),
    }),
    async run({ collection, ids, whole_collection }) {
      if ((ids === undefined) !== whole_collection) {
        throw new Failure("Give either ids or whole_collection. Nothing was removed.");
      }
      const removed =
        ids === undefined
          ? await collections.drop(collection)
          : await collections.with(collection, (opened) => opened.remove(ids));
      return { collection, removed, whole_collection };
    },
  });
}

const Embedded = z.object({ vectors: z.array(z.array(z.number()).min(1).max(8192)) });

/** The vectors of some texts, by this node's `ai.embed`. */
async function embed(texts: readonly string[], settings: VectorSettings, host: PluginHost, call: PluginCall) {
  const model = settings.embedding_model === undefined ? {} : { model: settings.embedding_model };
  const answer = await host.call("ai.embed", { texts, ...model }, call);
  const parsed = Embedded.safeParse(answer.structuredContent);
  if (answer.isError === true || !parsed.success || parsed.data.vectors.length !== texts.length) {
    const [said] = answer.content;
    const why =
      typeof said?.["text"] === "string" ? said["text"].slice(0, 300) : "ai.embed did not answer with vectors.";
    throw new Failure(`The texts could not be turned into vectors: ${why}`);
  }
  return parsed.data.vectors;
}
