import type { Standing } from "../federation/wire/frames.ts";
import { sentences } from "../lib/sentence.ts";

const STATE_WORDS: Readonly<Record<Standing["capabilities"][number]["state"], string>> = {
  on: "switched on",
  off: "off: the owner switches it on",
  quarantined: "held back, because it is not what the owner agreed to",
  refused: "refused by the gateway",
};

/** One capability's state, for people. */
export function capabilityLine({ name, state, problem }: Standing["capabilities"][number]): string {
  return sentences(`${name}: ${STATE_WORDS[state]}`, problem ?? "");
}

type Adopted = Standing & { readonly state: "adopted" };

const isAdopted = (standing: Standing | undefined): standing is Adopted => standing?.state === "adopted";

function waitingLine({ code }: Standing, page: string): string {
  return `This node waits for its owner: open ${page}, sign in, compare the code ${code ?? ""}, and adopt it. It goes on by itself then.`;
}

/** What a person is told of a standing that has come, after the one before. */
export function standingLines(before: Standing | undefined, now: Standing, page: string): string[] {
  if (!isAdopted(now)) return before?.code === now.code ? [] : [waitingLine(now, page)];
  const known = isAdopted(before) ? before : undefined;
  const old = new Set(known?.capabilities.map((each) => capabilityLine(each)));
  const news = now.capabilities.map((each) => capabilityLine(each)).filter((line) => !old.has(line));
  return [
    ...(known?.name === now.name
      ? []
      : [`This node is adopted as ${now.name}. What it offers is switched on at ${page}.`]),
    ...news,
  ];
}
