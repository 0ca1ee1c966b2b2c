import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { disconnected } from "../child.ts";
import { MOODS, type Mood } from "./moods.ts";

/** One write that a home has carried out, whether or not anybody was told. */
export const HomeWrite = z.object({
  home: z.number(),
  /** What was written: "gpio 105", "pod p-1", "no pod p-1". */
  what: z.string(),
  /** The level; 0 where there is none. */
  value: z.number(),
  /** Milliseconds since the epoch. */
  at: z.number(),
});
export type HomeWrite = z.infer<typeof HomeWrite>;

/** What the homes' process is told. */
export const Order = z.discriminatedUnion("do", [
  z.object({ do: z.literal("mood"), home: z.number(), mood: z.enum(["well", ...MOODS]) }),
  z.object({ do: z.literal("tell") }),
]);

/** What it says. */
export const Word = z.discriminatedUnion("say", [
  z.object({ say: z.literal("ready"), ports: z.array(z.number()) }),
  z.object({ say: z.literal("set"), home: z.number() }),
  z.object({ say: z.literal("told"), requests: z.number(), writes: z.array(HomeWrite), high: z.array(z.string()) }),
]);
type Word = z.infer<typeof Word>;

/** All homes, in a process of their own. */
export interface Homes {
  /** Where each of them is. */
  readonly urls: readonly string[];
  /** Puts a home into a mood; resolves when it is in it. */
  mood(home: number, mood: Mood | "well"): Promise<void>;
  /** What was done there; `high`: the outputs that are on now, as "3 gpio 105". */
  tell(): Promise<Extract<Word, { say: "told" }>>;
  stop(): Promise<void>;
}

/** Resolves with the next word that fits. */
function heard<Found extends Word>(child: ChildProcess, fits: (word: Word) => word is Found): Promise<Found> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("The homes of the bench have ended."));
    const listen = (message: unknown) => {
      const word = Word.parse(message);
      if (!fits(word)) return;
      child.off("message", listen);
      child.off("exit", ended);
      resolve(word);
    };
    child.once("exit", ended);
    child.on("message", listen);
  });
}

/** Starts the homes of so many people, so that they share no event loop with the clients. */
export async function startHomes(people: number): Promise<Homes> {
  const child = fork(join(import.meta.dirname, "home-process.ts"), [String(people)], { execArgv: [] });
  child.setMaxListeners(0);
  process.once("exit", () => child.kill());
  const { ports } = await heard(child, (word) => word.say === "ready");
  return {
    urls: ports.map((port) => `http://127.0.0.1:${port}`),
    async mood(home, mood) {
      const set = heard(
        child,
        (word): word is Extract<Word, { say: "set" }> => word.say === "set" && word.home === home,
      );
      child.send({ do: "mood", home, mood });
      await set;
    },
    async tell() {
      const told = heard(child, (word) => word.say === "told");
      child.send({ do: "tell" });
      return told;
    },
    stop: () => disconnected(child),
  };
}
