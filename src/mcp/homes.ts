import type { Caller, HomeAccess } from "../contract/caller.ts";
import { ALL_HOMES } from "../contract/context.ts";
import { atLeast, type Role } from "../contract/role.ts";
import type { AnyTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";

/** The argument by which a caller with several homes says which one. */
export const HOME = "home";

/** Something that has a name and needs a role. */
interface Guarded {
  readonly name: string;
  readonly role: Role;
}

type WithCaller = { readonly caller: Caller };

/** Whether a caller has to say which home they mean: with one there is nothing to say. */
export function hasSeveralHomes({ homes }: Caller): boolean {
  return Object.keys(homes).length > 1;
}

/** Whether somebody with one home has named it all the same, as whoever had several would. */
export function isOnlyHome({ homes }: Caller, { scope }: Pick<AnyTool, "scope">, asked: unknown): boolean {
  const [only, ...others] = Object.keys(homes);
  return others.length === 0 && (asked === only || (scope === "homes" && asked === ALL_HOMES));
}

const namesOf = ({ homes }: Caller) =>
  Object.entries(homes)
    .map(([id, { name }]) => (name === undefined || name === id ? `"${id}"` : `"${id}" (${name})`))
    .join(", ");

/** The fault of asking for more than one was granted. */
function roleTooLow(what: Guarded, id: string, { name, role }: HomeAccess): Fault {
  return new Fault(
    "forbidden",
    `${what.name} needs the role ${what.role} at home "${name ?? id}"; this connection has ${role}. Nothing was changed.`,
    {
      suggestions: [
        "If your account has that role: disconnect this connector in the AI client, connect it again and grant more access.",
        "Otherwise ask an admin of the home.",
      ],
    },
  );
}

function noHome(): Fault {
  return new Fault("forbidden", "This connection has no home any more.", {
    suggestions: ["Disconnect this connector in the AI client and connect it again to sign in anew."],
  });
}

/** The home that is meant. @throws Fault `invalid_input`, `forbidden` if there is none */
function chosen(caller: Caller, asked: unknown): [string, HomeAccess] {
  const [only, ...others] = Object.entries(caller.homes);
  if (only === undefined) throw noHome();
  if (others.length === 0 && asked === undefined) return only;
  const access = typeof asked === "string" && Object.hasOwn(caller.homes, asked) ? caller.homes[asked] : undefined;
  if (typeof asked === "string" && access !== undefined) return [asked, access];
  const why =
    asked === undefined ? "home is missing" : `there is no such home as ${JSON.stringify(asked)?.slice(0, 64)}`;
  throw new Fault("invalid_input", `It must be said which home is meant: ${why}. Nothing was changed.`, {
    suggestions: [`Give home as one of ${namesOf(caller)}. Never guess it: ask the person.`],
  });
}

/**
 * The home that a call is about, if its caller may use there what they ask for: the one decision for tools,
 * resources, prompts and completion.
 * @param asked what the caller gave as home
 * @throws Fault `forbidden`, or `invalid_input` if it is not clear which home is meant
 */
export function permittedHome({ caller }: WithCaller, what: Guarded, asked?: unknown): string {
  const [id, access] = chosen(caller, asked);
  if (!atLeast(access.role, what.role)) throw roleTooLow(what, id, access);
  return id;
}

/** The homes at which a caller may use something, in the order of the grant. */
export function homesFor(caller: Caller, { role }: { readonly role: Role }): string[] {
  return Object.entries(caller.homes).flatMap(([id, access]) => (atLeast(access.role, role) ? [id] : []));
}

/** Whether a caller may use something at some home. */
export function mayUse({ caller }: WithCaller, what: { readonly role: Role }): boolean {
  return homesFor(caller, what).length > 0;
}

/** The homes that one call of a tool goes to: one, or all that the caller may use it at if they asked for `all`. */
export function calledHomes(
  call: WithCaller,
  tool: Guarded & Pick<AnyTool, "scope">,
  asked: unknown,
): { all: boolean; ids: string[] } {
  if (tool.scope === "homes" && asked === ALL_HOMES && hasSeveralHomes(call.caller)) {
    const ids = homesFor(call.caller, tool);
    if (ids.length > 0) return { all: true, ids };
  }
  if (tool.scope === "gateway") {
    const [id] = homesFor(call.caller, tool);
    return { all: false, ids: [id ?? permittedHome(call, tool)] };
  }
  return { all: false, ids: [permittedHome(call, tool, asked)] };
}
