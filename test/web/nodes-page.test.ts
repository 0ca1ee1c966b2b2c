import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import { type Page, Person } from "../../scripts/support/person.ts";
import { Registry } from "../../src/federation/registry.ts";
import { ACCOUNTS } from "../support/accounts.ts";
import { helloOf, joinBody, newNodeKey, type NodeKey, offering } from "../support/federated-node.ts";
import { filledIn, formsOf, press } from "../support/forms.ts";

const ORIGIN = "http://localhost:8788";
const PAGE = new URL("/nodes", ORIGIN);
const hub = () => env.HOME_HUB.getByName("demo");

const browser = (account: keyof typeof ACCOUNTS) =>
  new Person(ACCOUNTS[account], (url, init) => exports.default.fetch(new Request(url, init)));

/** Somebody who has signed in, on the page. */
async function onPage(account: keyof typeof ACCOUNTS): Promise<{ person: Person; page: Page }> {
  const person = browser(account);
  return { person, page: await person.signIn(await person.go(PAGE)) };
}

let node: NodeKey;

beforeEach(async () => {
  await runInDurableObject(hub(), (_hub, { storage }) => {
    for (const table of ["nodes", "capabilities", "ended_nodes", "activity_log"])
      storage.sql.exec(`DELETE FROM ${table}`);
  });
  node = await newNodeKey();
});

async function asks(name = "kitchen", enrolment?: string, site: "edge" | "cloud" = "edge"): Promise<void> {
  const wish = { origin: ORIGIN, home: "demo", name, site, ...(enrolment === undefined ? {} : { enrolment }) };
  const body = JSON.stringify(await joinBody(node, wish));
  const response = await exports.default.fetch(`${ORIGIN}/nodes/join`, { method: "POST", body });
  expect(response.status).toBe(200);
  await response.body?.cancel();
}

/** What a node says when it has connected. */
const says = (capabilities: readonly unknown[]) =>
  runInDurableObject(hub(), async (_hub, { storage }) => {
    const events = { changed: () => {}, revoked: () => {}, forgotten: () => {} };
    const registry = new Registry(storage, { ours: new Set(), events, record: () => {}, now: Date.now });
    await registry.hello(node.id, helloOf(capabilities), Date.now());
  });

const nodesNow = async () => (await hub().overview()).nodes;
const stateOf = async (name: string) => {
  const [known] = await nodesNow();
  return known?.capabilities.find((each) => each.name === name);
};

/** The numbered field of a capability in a form. */
function fieldOf(page: Page, button: string, name: string, field: string): string {
  const entry = [...filledIn(page, button)].find(([key, value]) => key.startsWith("name.") && value === name);
  return `${field}.${entry?.[0].slice("name.".length) ?? "?"}`;
}

describe("/nodes", () => {
  test("is for who has signed in", async () => {
    const page = await browser("admin").go(PAGE);
    expect(page.html).toContain("Sign in to see which machines offer tools");
    expect(page.html).not.toContain("join http");
  });

  test("tells an admin how to add a node, and needs no script", async () => {
    const { page } = await onPage("admin");
    expect(page.url.pathname).toBe("/nodes");
    expect(page.html).toContain(`npx pimcp node join ${ORIGIN} --home demo`);
    expect(page.html).toContain("No node has asked");
    expect(page.html).not.toMatch(/<script|style=|\son\w+=/);
  });

  test("is in reach of the front page", async () => {
    const { html } = await browser("admin").go(new URL("/", ORIGIN));
    expect(html).toContain('href="/nodes"');
  });
});

describe("a node that waits", () => {
  test("is not adopted without a word of the notes that it gets at once", async () => {
    await asks();
    const { person, page } = await onPage("admin");
    const [before = ""] = page.html.split("Adopt kitchen");
    expect(before).toContain("As soon as you adopt it, it can read and write this home’s shared notes");
    expect(before).toContain("It says that it is in the house, which nobody has checked");
    expect(before).toContain("also gets the notes that are for the house alone");
    const after = await press(person, page, "Adopt kitchen");
    expect(after.html).toContain("Adopted. It can read and write this home’s shared notes now.");
    expect(after.html).toContain("As an adopted node it can read and write this home’s shared notes");
  });

  test("that says that it is elsewhere gets no notes of the house", async () => {
    await asks("kitchen", undefined, "cloud");
    const { html } = (await onPage("admin")).page;
    expect(html).toContain("it does not get the notes that are for the house alone");
    expect(html).not.toContain("also gets the notes");
  });

  test("is shown with its code, key and what it offers, and adopted", async () => {
    await asks();
    const hints = { readOnly: false, destructive: true, idempotent: false, openWorld: false };
    await says([offering("file.search"), offering("shell.run", { hints })]);
    const [known] = await nodesNow();
    const { person, page } = await onPage("admin");
    expect(page.html).toContain(known?.code ?? "no code");
    expect(page.html).toContain(node.id);
    expect(page.html).toContain("file.search");
    expect(page.html).toContain("shell.run: careful");
    expect(page.html).toContain("It runs programs on that machine. It can destroy or overwrite.");
    const after = await press(person, page, "Adopt kitchen");
    expect(after.html).toContain("Adopted.");
    expect(await nodesNow()).toMatchObject([{ state: "adopted", adopted_by: "admin" }]);
    expect(await stateOf("file.search")).toMatchObject({ state: "off", setting: null });
    expect(await hub().activities({ limit: 1 })).toMatchObject([
      { who: "admin", what: 'adopt node "kitchen"', subject: 'node "kitchen"', result: "done" },
    ]);
  });

  test("is refused, and let ask again only by an admin", async () => {
    await asks();
    const { person, page } = await onPage("admin");
    const after = await press(person, page, "Refuse kitchen");
    expect(after.html).toContain("Its key is not let in again.");
    expect(await nodesNow()).toStrictEqual([]);
    const forgiven = await press(person, after, "Let kitchen ask again");
    expect(forgiven.html).toContain("It may ask again.");
    await asks();
  });

  test("writes nothing but text, and every hidden sign is shown", async () => {
    await asks();
    await says([
      offering("file.search", { title: "<b>Bold</b>", description: '"><script>alert(1)</script>' }),
      offering("fi\u202ele.read"),
      offering("<img src=x>"),
    ]);
    const { page } = await onPage("admin");
    expect(page.html).not.toMatch(/<b>|<script|<img src=x/);
    expect(page.html).toContain("&lt;b&gt;Bold&lt;/b&gt;");
    expect(page.html).toContain("fi[U+202E]le.read");
    expect(page.html).not.toContain("\u202e");
  });
});

describe("while the home is frozen", () => {
  test("nothing is let in or switched, which is written down; ending goes on", async () => {
    await asks();
    const { person, page } = await onPage("admin");
    await hub().freeze("anna", "the pump does not stop");
    const after = await press(person, page, "Adopt kitchen");
    expect(after.status).toBe(409);
    expect(after.html).toContain("Nothing was done. Demo home is frozen by anna");
    expect(await nodesNow()).toMatchObject([{ state: "pending" }]);
    expect((await hub().activities({ limit: 1 }))[0]).toMatchObject({
      what: expect.stringContaining("adopt a node"),
      result: "refused",
    });
    await press(person, after, "Refuse kitchen");
    expect(await nodesNow()).toStrictEqual([]);
    await hub().lift({ who: "anna", client: "" });
  });
});

describe("a viewer or operator", () => {
  test.each(["viewer", "operator"] as const)(
    "sees nothing of a home's nodes, and decides nothing: %s",
    async (account) => {
      await asks();
      await says([offering("file.search")]);
      const { person, page } = await onPage(account);
      expect(page.html).toContain(`You are ${account} here.`);
      expect(page.html).not.toContain("kitchen");
      expect(formsOf(page.html).flatMap(({ buttons }) => buttons)).toStrictEqual(["Sign out"]);
      const admin = await onPage("admin");
      const mine = { user: `demo.${account === "viewer" ? 1 : 2}` };
      const forms = [
        filledIn(admin.page, "Adopt kitchen", mine),
        filledIn(admin.page, "Refuse kitchen", mine),
        filledIn(admin.page, "Make a token", mine),
        new URLSearchParams({ act: "forgive", home: "demo", node: node.id, ...mine }),
        new URLSearchParams({ act: "set", home: "demo", node: node.id, ...mine }),
      ];
      for (const form of forms) {
        const refused = await person.go(PAGE, form);
        expect(refused.status).toBe(403);
        expect(refused.html).toContain("Nothing was done.");
      }
      expect(await nodesNow()).toMatchObject([{ state: "pending" }]);
      const tokens = await runInDurableObject(hub(), (_hub, { storage }) =>
        storage.sql.exec("SELECT * FROM enrolments").toArray(),
      );
      expect(tokens).toStrictEqual([]);
    },
  );
});

describe("a form", () => {
  test("of another site is refused, although the browser sends the cookie along", async () => {
    await asks();
    let origin: string | undefined;
    const person = new Person(ACCOUNTS.admin, (url, init) => {
      const request = new Request(url, init);
      if (origin !== undefined) request.headers.set("origin", origin);
      return exports.default.fetch(request);
    });
    const form = filledIn(await person.signIn(await person.go(PAGE)), "Adopt kitchen");
    for (const other of ["https://evil.example", "null"]) {
      origin = other;
      expect((await person.go(PAGE, form)).status).toBe(403);
    }
    expect(await nodesNow()).toMatchObject([{ state: "pending" }]);
    origin = undefined;
    expect((await person.go(PAGE, form)).status).toBe(200);
  });

  test("of nobody, of somebody else, or for a home that is not theirs does nothing", async () => {
    await asks();
    const { person, page } = await onPage("admin");
    const form = filledIn(page, "Adopt kitchen");
    expect((await browser("admin").go(PAGE, form)).html).toContain('name="password"');
    const other = new URLSearchParams(form);
    other.set("user", "demo.1");
    await person.go(PAGE, other);
    const elsewhere = new URLSearchParams(form);
    elsewhere.set("home", "cottage");
    expect((await person.go(PAGE, elsewhere)).status).toBe(403);
    expect(await nodesNow()).toMatchObject([{ state: "pending" }]);
  });
});

/** An adopted node that offers this, and its owner on the page. */
async function adopted(capabilities: readonly unknown[]): Promise<{ person: Person; page: Page }> {
  await asks();
  await hub().adopt(node.id, "admin");
  await says(capabilities);
  return onPage("admin");
}

describe("an adopted node", () => {
  const SAVE = "Save the switches of kitchen";

  test("has everything off, and what would fit is told but not chosen", async () => {
    const { person, page } = await adopted([offering("file.search")]);
    expect(page.html).toContain("file.search: off");
    expect(page.html).toContain("By its own words, this would fit: Everybody here. It only reads.");
    const form = filledIn(page, SAVE);
    expect(form.get(fieldOf(page, SAVE, "file.search", "role"))).toBe("off");
    expect(form.get(fieldOf(page, SAVE, "file.search", "use"))).toBe("asks");
    expect((await press(person, page, SAVE)).html).toContain("Nothing has changed.");
    expect(await stateOf("file.search")).toMatchObject({ state: "off", setting: null });
  });

  test("is switched capability by capability, with a role and a use each", async () => {
    const { person, page } = await adopted([offering("file.search"), offering("shell.run"), offering("file.read")]);
    const saved = await press(person, page, SAVE, {
      [fieldOf(page, SAVE, "file.search", "role")]: "viewer",
      [fieldOf(page, SAVE, "file.search", "use")]: "reads",
      [fieldOf(page, SAVE, "shell.run", "role")]: "admin",
    });
    expect(saved.html).toContain("Saved: 2 of 2.");
    expect(saved.html).toContain("file.search: on for: everybody here");
    expect(await stateOf("file.search")).toMatchObject({
      setting: { role: "viewer", reads: true, destructive: false },
    });
    expect(await stateOf("shell.run")).toMatchObject({ setting: { role: "admin", reads: false, destructive: true } });
    expect(await stateOf("file.read")).toMatchObject({ setting: null });
    const off = await press(person, saved, SAVE, { [fieldOf(saved, SAVE, "file.search", "role")]: "off" });
    expect(off.html).toContain("Saved: 1 of 1.");
    expect(await stateOf("file.search")).toMatchObject({ state: "off" });
  });

  test("that changes while the owner looks is not switched on as what it has become", async () => {
    const { person, page } = await adopted([offering("file.search")]);
    await says([offering("file.search", { description: "Deletes files." })]);
    const saved = await press(person, page, SAVE, { [fieldOf(page, SAVE, "file.search", "role")]: "viewer" });
    expect(saved.status).toBe(409);
    expect(saved.html).toContain("has changed since you looked at it");
    expect(await stateOf("file.search")).toMatchObject({ state: "off" });
  });

  test("shows what has changed, field by field, and the owner accepts it", async () => {
    const { person, page } = await adopted([offering("file.search"), offering("file.read")]);
    const on = {
      [fieldOf(page, SAVE, "file.search", "role")]: "viewer",
      [fieldOf(page, SAVE, "file.search", "use")]: "reads",
    };
    await press(person, page, SAVE, on);
    await says([
      offering("file.search", {
        description: "Wh\u0430t it does, in words.",
        hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
        inputSchema: {
          type: "object",
          properties: { path: { type: "string", description: "Where" }, force: { type: "boolean" } },
        },
      }),
      offering("file.read"),
    ]);
    const held = await person.go(PAGE);
    expect(held.html).toContain("file.search has changed");
    expect(held.html).toContain("first at sign 3: “a” (U+0061) has become “а” (U+0430)");
    expect(held.html).toContain("<dt>what it says of itself › only reads</dt>");
    expect(held.html).toContain("<dt>arguments › force</dt>");
    // Saving the others accepts nothing.
    await press(person, held, SAVE, { [fieldOf(held, SAVE, "file.read", "role")]: "viewer" });
    expect(await stateOf("file.search")).toMatchObject({ state: "quarantined" });
    const accepted = await press(person, held, "Accept the change of file.search");
    expect(accepted.html).toContain("Saved: 1 of 1.");
    expect(await stateOf("file.search")).toMatchObject({ state: "on", setting: { role: "viewer", reads: true } });
  });

  test("is ended, and is not let in again", async () => {
    const { person, page } = await adopted([offering("file.search")]);
    await press(person, page, "End kitchen for good");
    expect(await hub().overview()).toMatchObject({ nodes: [], ended: [{ id: node.id, by: "admin" }] });
    const body = JSON.stringify(await joinBody(node, { origin: ORIGIN, home: "demo" }));
    const response = await exports.default.fetch(`${ORIGIN}/nodes/join`, { method: "POST", body });
    expect(response.status).toBe(403);
    await response.body?.cancel();
  });
});

describe("an enrolment token", () => {
  const TOKEN = /pimcp-enrol-[\w-]+/;

  test("is shown once, and switches on what its owner has written", async () => {
    const { person, page } = await onPage("admin");
    const made = await press(person, page, "Make a token", {
      grants: "file.search viewer reads\n\n shell.run  admin asks",
    });
    const [token = ""] = TOKEN.exec(made.html) ?? [];
    expect(made.html).toContain(`npx pimcp node join ${ORIGIN} --home demo --enrolment ${token}`);
    expect((await person.go(PAGE)).html).not.toContain(token);
    await asks("kitchen", token);
    await says([offering("file.search"), offering("file.read")]);
    expect(await stateOf("file.search")).toMatchObject({ state: "on", setting: { role: "viewer", reads: true } });
    expect(await stateOf("file.read")).toMatchObject({ state: "off" });
    expect((await hub().activities({ limit: 10 })).map(({ what }) => what)).toContainEqual(
      expect.stringContaining("make an enrolment token"),
    );
  });

  test.each(["file.search everybody reads", "search viewer reads", "file.search viewer", "<b> viewer reads"])(
    "is not made for a line that is none: %s",
    async (grants) => {
      const { person, page } = await onPage("admin");
      const made = await press(person, page, "Make a token", { grants });
      expect(made.status).toBe(409);
      expect(made.html).toContain("No token was made.");
      expect(made.html).not.toMatch(TOKEN);
      expect(made.html).not.toContain("<b>");
    },
  );
});
