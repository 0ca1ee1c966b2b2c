import { create, getByID, insert, remove, search, type AnyOrama } from "@orama/orama";
import { Failure } from "../../plugin.ts";
import type { Mode } from "./modes.ts";
import { type Kept, openStore, type Store } from "./store.ts";
import { wordsOf } from "./words.ts";

export interface Hit {
  readonly id: string;
  readonly score: number;
  readonly text: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is searched for, and how. */
export interface Search {
  readonly query: string;
  readonly mode: Mode;
  readonly vector: readonly number[] | undefined;
  readonly limit: number;
}

/** One collection: on disk, and in memory for searching. Its methods are called one after the other. */
export class Collection {
  readonly #store: Store;
  readonly #texts = new Map<string, Kept>();
  #index: AnyOrama;
  #dimensions: number | undefined;

  private constructor(store: Store, index: AnyOrama, dimensions: number | undefined) {
    this.#store = store;
    this.#index = index;
    this.#dimensions = dimensions;
  }

  /** Opens or makes it. */
  static async open(file: string): Promise<Collection> {
    const store = await openStore(file);
    try {
      const texts = store.all();
      const dimensions = texts.find(({ vector }) => vector !== undefined)?.vector?.length;
      const collection = new Collection(store, indexFor(dimensions), dimensions);
      for (const text of texts) await collection.#add(text);
      return collection;
    } catch (error) {
      store.close();
      throw error;
    }
  }

  get size(): number {
    return this.#texts.size;
  }

  has(id: string): boolean {
    return this.#texts.has(id);
  }

  /** @throws Failure if the vectors are of another kind than those that are there */
  async put(texts: readonly Kept[]): Promise<void> {
    const dimensions = texts[0]?.vector?.length;
    if (this.size === 0 && dimensions !== this.#dimensions) {
      this.#dimensions = dimensions;
      this.#index = indexFor(dimensions);
    }
    if (texts.some(({ vector }) => vector?.length !== this.#dimensions)) {
      throw new Failure(
        "This collection was made with other vectors, or with none. Remove it by vector_remove and index its texts anew.",
      );
    }
    this.#store.put(texts);
    for (const text of texts) await this.#add(text);
  }

  /** @returns how many were there */
  async remove(ids: readonly string[]): Promise<number> {
    const removed = this.#store.remove(ids);
    for (const id of ids) await this.#drop(id);
    return removed;
  }

  /** The best first. */
  async search({ query, mode, vector, limit }: Search): Promise<Hit[]> {
    const asked = vector === undefined ? undefined : { value: [...vector], property: "embedding" };
    if (mode !== "words" && (asked === undefined || asked.value.length !== this.#dimensions)) {
      throw new Failure(
        'This collection has no vectors that fit. Search it with mode "words", or index its texts anew.',
      );
    }
    const found = await search(
      this.#index,
      asked === undefined || mode === "words"
        ? { term: query, limit, threshold: 1 }
        : mode === "meaning"
          ? { mode: "vector", vector: asked, limit, similarity: 0 }
          : { mode: "hybrid", term: query, vector: asked, limit, similarity: 0 },
    );
    return found.hits.flatMap(({ id, score }) => {
      const kept = this.#texts.get(id);
      return kept === undefined ? [] : [{ id: kept.id, score, text: kept.text, metadata: kept.metadata }];
    });
  }

  close(): void {
    this.#store.close();
  }

  async #add(kept: Kept): Promise<void> {
    await this.#drop(kept.id);
    await insert(this.#index, {
      id: kept.id,
      text: kept.text,
      ...(kept.vector === undefined ? {} : { embedding: [...kept.vector] }),
    });
    // The index has the vector; here it would be held twice.
    this.#texts.set(kept.id, { ...kept, vector: undefined });
  }

  async #drop(id: string): Promise<void> {
    if (getByID(this.#index, id) !== undefined) await remove(this.#index, id);
    this.#texts.delete(id);
  }
}

function indexFor(dimensions: number | undefined): AnyOrama {
  const tokenizer = { language: "any", normalizationCache: new Map<string, string>(), tokenize: wordsOf };
  const components = { tokenizer };
  return dimensions === undefined
    ? create({ schema: { text: "string" }, components })
    : create({ schema: { text: "string", embedding: `vector[${dimensions}]` as const }, components });
}
