import { readFileSync } from "node:fs";
import { type FeedEntry, MAX_TTL, type Zone } from "../../federation/wire/context-frames.ts";
import { parsedJson } from "../../lib/json.ts";
import { type Command, EXIT, type Options, textOf, UsageError } from "../commands/command.ts";
import { changedKeys, sightOf } from "./changed-keys.ts";
import type { LocalEntry } from "./replica.ts";
import type { Refused } from "./replica-store.ts";
import { refusalText } from "./refusals.ts";
import { changeAndTell, HELP_OF_ALL, JSON_OPTION, opened, timeOf } from "./person.ts";

/** How often a watching command looks, in milliseconds. */
const LOOK_MS = 100;

const valueOf = ({ value }: Pick<LocalEntry, "value">): unknown => parsedJson(value);

function who({ author, via }: LocalEntry): string {
  const name = author ?? "this node";
  return via === null ? name : `${name} (${via})`;
}

function line(entry: LocalEntry): string {
  const state = entry.version === null ? "not with the hub yet" : `version ${entry.version}`;
  const conflicts = entry.conflicts.length === 0 ? "" : `, ${entry.conflicts.length} in conflict`;
  return `${entry.key}\t${entry.value}\t${who(entry)}, ${timeOf(entry.at)}, ${state}${conflicts}`;
}

const forPrograms = (entry: LocalEntry) => ({ ...entry, value: valueOf(entry) });

/** Text that is JSON is taken as it is; other text is a string. */
function jsonOf(text: string): string {
  return parsedJson(text) === undefined ? JSON.stringify(text) : text;
}

function numberOf(options: Options, name: string, least: number, most: number): number | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`--${name} takes a whole number from ${least} to ${most}, not "${text}"`);
}

function zoneOf(options: Options): Zone | undefined {
  const zone = textOf(options, "zone");
  if (zone === undefined || zone === "home" || zone === "cloud") return zone;
  throw new UsageError(`--zone takes home or cloud, not "${zone}"`);
}

function keyIn(args: readonly string[]): string {
  const [key] = args;
  if (key === undefined) throw new UsageError("It takes a key, such as pump/serviced");
  return key;
}

/** What somebody has to decide, for people. */
function undecidedText(undecided: readonly FeedEntry[], refused: readonly Refused[]): string {
  const conflicts = undecided.flatMap(({ key, version, value, conflicts: others }) => [
    `${key}\tversion ${version}\t${value ?? "deleted"}`,
    ...others.map(
      (each) => `  or version ${each.version}\t${each.value ?? "deleted"}\t${each.author.name}, ${timeOf(each.at)}`,
    ),
    `  decide: pimcp context resolve ${key} --keep VERSION`,
  ]);
  const notTaken = refused.flatMap(({ write, why, version, at }) => [
    `${write.key}\tnot taken\t${write.value ?? write.action}\t${timeOf(at)}`,
    `  ${refusalText(write.key, why, version)}`,
    `  forget: pimcp context conflicts --forget ${write.id}`,
  ]);
  return [...conflicts, ...notTaken].map((each) => `${each}\n`).join("");
}

const VERSION = Number.MAX_SAFE_INTEGER;

export const CONTEXT_COMMANDS: readonly Command[] = [
  {
    name: "get",
    about: "the value of one entry, as JSON",
    usage: `pimcp context get <key> [options]\n\n  --json             with version, author and time\n${HELP_OF_ALL}`,
    options: JSON_OPTION,
    takes: 1,
    run(options, args, context) {
      const key = keyIn(args);
      const { replica, close } = opened(options, context);
      const entry = replica.read(key, Date.now());
      close();
      if (entry === undefined) {
        context.tell(`There is no "${key}" here.`);
        return Promise.resolve(EXIT.failed);
      }
      context.print(options["json"] === true ? `${JSON.stringify(forPrograms(entry))}\n` : `${entry.value}\n`);
      return Promise.resolve(EXIT.ok);
    },
  },
  {
    name: "list",
    about: "all entries, or those whose keys begin with a prefix",
    usage: `pimcp context list [prefix] [options]\n\n  --json             for programs, one JSON value a line\n${HELP_OF_ALL}`,
    options: JSON_OPTION,
    takes: 1,
    run(options, [prefix = ""], context) {
      const { replica, close } = opened(options, context);
      for (const entry of replica.list(prefix, Date.now())) {
        context.print(`${options["json"] === true ? JSON.stringify(forPrograms(entry)) : line(entry)}\n`);
      }
      close();
      return Promise.resolve(EXIT.ok);
    },
  },
  {
    name: "put",
    about: "write an entry; also while the node is not connected",
    usage: `pimcp context put <key> <value> [options]

The value is JSON, or else a text; "-" reads it from standard input.

  --zone ZONE        home: only for the nodes in the house; cloud: for everybody (the default of new entries)
  --ttl SECONDS      it deletes itself after this
  --expect VERSION   only if it has this version; 0: only if it is new
  --json             for programs
${HELP_OF_ALL}`,
    options: { ...JSON_OPTION, zone: { type: "string" }, ttl: { type: "string" }, expect: { type: "string" } },
    takes: 2,
    run(options, args, context) {
      const [, given] = args;
      if (given === undefined) throw new UsageError("It takes a key and a value");
      const value = jsonOf(given === "-" ? readFileSync(0, "utf8").trim() : given);
      const [zone, ttl] = [zoneOf(options), numberOf(options, "ttl", 1, MAX_TTL)];
      const expect = numberOf(options, "expect", 0, VERSION);
      return changeAndTell(options, context, { key: keyIn(args), action: "put", value, zone, ttl, expect });
    },
  },
  {
    name: "delete",
    about: "delete an entry",
    usage: `pimcp context delete <key> [options]

  --expect VERSION   only if it has this version
  --json             for programs
${HELP_OF_ALL}`,
    options: { ...JSON_OPTION, expect: { type: "string" } },
    takes: 1,
    run(options, args, context) {
      const expect = numberOf(options, "expect", 1, VERSION);
      return changeAndTell(options, context, { key: keyIn(args), action: "delete", expect });
    },
  },
  {
    name: "watch",
    about: "tell each change as it comes, until it is stopped",
    usage: `pimcp context watch [prefix] [options]\n\n  --json             for programs, one JSON value a line\n${HELP_OF_ALL}`,
    options: JSON_OPTION,
    takes: 1,
    async run(options, [prefix = ""], context) {
      const { file, replica, close } = opened(options, context);
      let before = sightOf(replica.list(prefix, Date.now()));
      const tell = (key: string) => {
        const entry = replica.read(key, Date.now());
        if (options["json"] === true)
          context.print(`${JSON.stringify(entry === undefined ? { key, deleted: true } : forPrograms(entry))}\n`);
        else context.print(`${entry === undefined ? `${key}\tdeleted` : line(entry)}\n`);
      };
      let seen = file.othersWrote();
      const looking = setInterval(() => {
        const now = file.othersWrote();
        if (now === seen) return;
        seen = now;
        const after = sightOf(replica.list(prefix, Date.now()));
        for (const key of changedKeys(before, after)) tell(key);
        before = after;
      }, LOOK_MS);
      context.tell(`Watching ${prefix === "" ? "everything" : `what begins with "${prefix}"`}; end with Ctrl-C.`);
      await new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
      });
      clearInterval(looking);
      close();
      return EXIT.ok;
    },
  },
  {
    name: "conflicts",
    about: "what somebody has to decide, and writes that the hub did not take",
    usage: `pimcp context conflicts [options]

  --forget ID        forget a write that was not taken
  --json             for programs
${HELP_OF_ALL}`,
    options: { ...JSON_OPTION, forget: { type: "string" } },
    takes: 0,
    run(options, _args, context) {
      const { replica, close } = opened(options, context);
      const id = textOf(options, "forget");
      if (id !== undefined) {
        const known = replica.forget(id);
        close();
        context.tell(known ? "It is forgotten." : `No write ${id} was refused.`);
        return Promise.resolve(known ? EXIT.ok : EXIT.failed);
      }
      const left = { conflicts: replica.undecided(), refused: replica.refused() };
      close();
      if (options["json"] === true) context.print(`${JSON.stringify(left)}\n`);
      else context.print(undecidedText(left.conflicts, left.refused));
      if (left.conflicts.length + left.refused.length === 0) context.tell("There is nothing to decide.");
      return Promise.resolve(EXIT.ok);
    },
  },
  {
    name: "resolve",
    about: "decide a conflict: keep the present value, or another one",
    usage: `pimcp context resolve <key> [options]

  --keep VERSION     the version whose value is kept (default: the present one)
  --json             for programs
${HELP_OF_ALL}`,
    options: { ...JSON_OPTION, keep: { type: "string" } },
    takes: 1,
    run(options, args, context) {
      const keep = numberOf(options, "keep", 1, VERSION);
      return changeAndTell(options, context, { key: keyIn(args), action: "resolve", keep });
    },
  },
];
