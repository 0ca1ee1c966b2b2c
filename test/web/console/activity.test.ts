import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { verifyExport } from "../../../src/activity/export.ts";
import { exportOf } from "../../../src/web/console/export.ts";
import { consoleVisitor } from "../../support/console.ts";
import { moveIn } from "../../support/whole.ts";

/** The pages of what was done at a home. */

beforeEach(() => {
  moveIn("documented");
});
afterEach(() => vi.restoreAllMocks());

const hub = (home = "demo") => env.HOME_HUB.getByName(home);

function entry(what: string, more: object = {}) {
  return { who: "anna", client: "Claude", what, subject: "the pump", result: "done", why: null, ...more } as const;
}

describe("the page of activity", () => {
  test("tells it newest first, as text, with filters and pages", async () => {
    for (let each = 1; each <= 55; each += 1) await hub().record(entry(`turn ${each}`));
    await hub().record(entry("<b>bold</b>", { who: "<i>eve</i>", result: "refused", why: "not allowed" }));
    const viewer = await consoleVisitor("viewer");
    const { html } = await viewer.see("/activity?home=demo");
    expect(html).toContain("&lt;i&gt;eve&lt;/i&gt;");
    expect(html).not.toContain("<b>bold");
    expect(html.indexOf("turn 55.")).toBeGreaterThan(html.indexOf("bold"));
    expect(html).not.toContain("turn 6.");
    const older = /href="(\/activity\?home=demo&amp;before=\d+)"/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect((await viewer.see(older)).html).toContain("turn 6.");
    const refused = await viewer.see("/activity?home=demo&result=refused&who=eve");
    expect(refused.html).toContain("bold");
    expect(refused.html).not.toContain("turn 55");
    expect((await viewer.see("/activity?home=demo&about=turn+55")).html).not.toContain("turn 54");
    expect((await viewer.see("/activity?home=demo&since=2099-01-01")).html).toContain("There is no such entry.");
  });

  test("takes a filter that does not fit for none", async () => {
    await hub().record(entry("turn it on"));
    const viewer = await consoleVisitor("viewer");
    const { status, html } = await viewer.see("/activity?home=demo&result=x&since=yesterday&before=-1&who=");
    expect(status).toBe(200);
    expect(html).toContain("turn it on");
  });

  test("shows the last hash to note down, which is where an export ends", async () => {
    for (let each = 1; each <= 3; each += 1) await hub().record(entry(`turn ${each}`));
    const viewer = await consoleVisitor("viewer");
    const { html } = await viewer.see("/activity?home=demo");
    const verdict = verifyExport((await viewer.see("/activity/export?home=demo")).html);
    expect(verdict).toMatchObject({ ok: true, home: "demo" });
    expect(html).toContain(verdict.ok ? verdict.end.hash : "");
  });
});

const textOf = async (home: string) => new Response(await exportOf(hub(home), home, Date.now())).text();

describe("an export", () => {
  test("of nothing, and of more than one part, is whole", async () => {
    expect(verifyExport(await textOf("empty"))).toMatchObject({ ok: true, entries: 0 });
    for (let each = 1; each <= 510; each += 1) await hub("long").record(entry(`turn ${each}`));
    const text = await textOf("long");
    expect(verifyExport(text)).toMatchObject({ ok: true, entries: 510, end: { seq: 510 } });
    expect(verifyExport(text.replace("turn 400", "turn 401"))).toMatchObject({ ok: false, line: 401 });
  });

  test("leaves out what is written while it goes on, and ends without an end if entries vanish", async () => {
    const real = hub("moving");
    await real.record(entry("first"));
    const later = {
      async activitiesAfter(seq: number, limit: number) {
        const part = await real.activitiesAfter(seq, limit);
        await real.record(entry("meanwhile"));
        return part;
      },
    };
    const text = await new Response(await exportOf(later, "moving", 0)).text();
    expect(verifyExport(text)).toMatchObject({ ok: true, entries: 1 });
    const vanishing = {
      activitiesAfter: async (seq: number, limit: number) => ({
        ...(await real.activitiesAfter(seq, limit)),
        entries: [],
      }),
    };
    const cut = await new Response(await exportOf(vanishing, "moving", 0)).text();
    expect(verifyExport(cut)).toMatchObject({ ok: false, why: expect.stringContaining("cut off") });
  });

  test("is a file to keep", async () => {
    const viewer = await consoleVisitor("viewer");
    const { html } = await viewer.see("/activity/export?home=demo");
    expect(html.split("\n")[0]).toContain('"format":"pimcp-activity-1"');
  });
});
