import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { CLUSTER_PAGE } from "../../src/apps/cluster.ts";
import { HEADER_PAGE } from "../../src/apps/header.ts";
import { views } from "../../src/apps/index.ts";
import { scriptOf } from "../../src/apps/page.ts";
import { tools } from "../../src/tools/index.ts";

/** Hosts keep a view with each of its tool's answers. */
const MAX_BYTES = 60 * 1024;

const folder = mkdtempSync(join(tmpdir(), "pimcp-apps-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the views", () => {
  test("each is named by a tool, and each tool names one that there is", () => {
    const named = tools.flatMap(({ view }) => (view === undefined ? [] : [view]));
    expect(new Set(named)).toStrictEqual(new Set(views.map(({ uri }) => uri)));
    expect(tools.filter(({ view }) => view !== undefined).map(({ name }) => name)).toStrictEqual([
      "get_cluster_status",
      "list_gpio_devices",
    ]);
  });

  test.each(views)("$uri is a whole small document that loads nothing", ({ html }) => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(new TextEncoder().encode(html).length).toBeLessThanOrEqual(MAX_BYTES);
    expect(html).not.toMatch(
      /https?:|\/\/[a-z]|@import|url\(|\bsrc=|<link\b|\bfetch\(|XMLHttpRequest|WebSocket|import\(/i,
    );
  });

  test.each(views)("$uri never takes text for HTML or code", ({ html }) => {
    expect(html).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|setHTML|\beval\b|Function\(/,
    );
    // One script, which nothing in it ends early.
    expect(html.match(/<\/script/gi)).toHaveLength(1);
  });

  test.each([
    ["cluster", CLUSTER_PAGE],
    ["header", HEADER_PAGE],
  ])("the script of the %s view is strictly typed", (name, page) => {
    const file = join(folder, `${name}.js`);
    writeFileSync(file, scriptOf(page));
    const options = [
      "--noEmit",
      "--allowJs",
      "--checkJs",
      "--strict",
      "--noUnusedLocals",
      "--noUncheckedIndexedAccess",
    ];
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const args = [
      tsc,
      ...options,
      "--ignoreConfig",
      "--types",
      "",
      "--lib",
      "esnext,dom,dom.iterable",
      "--target",
      "esnext",
      file,
    ];
    const said = (() => {
      try {
        return execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
      } catch (error) {
        return String(error instanceof Error && "stdout" in error ? error.stdout : error);
      }
    })();
    expect(said).toBe("");
  });
});
