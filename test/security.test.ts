import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { markedPart } from "../scripts/support/marked-part.ts";

/** SECURITY.md promises that each threat is held by tests: here it is kept to its word. */

const ROOT = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(resolve(ROOT, path), "utf8");

interface Threat {
  readonly name: string;
  readonly guards: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const texts = (cell: string, pattern: RegExp) => [...cell.matchAll(pattern)].map(([, text = ""]) => text);

const [, , ...rows] = markedPart(read("SECURITY.md"), "threats").split("\n");
const threats: Threat[] = rows.map((row) => {
  const [, name = "", , guard = "", held = ""] = row.split("|").map((cell) => cell.trim());
  const tests = [...held.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)].map(([, file = "", title = ""]) => ({ file, title }));
  return { name, guards: texts(guard, /`(src\/[^`]+)`/g), tests };
});

describe("SECURITY.md", () => {
  test.each(threats)("$name: guarded here, and held by tests that exist", ({ guards, tests }) => {
    expect(guards.length).toBeGreaterThan(0);
    expect(guards.filter((path) => !existsSync(resolve(ROOT, path)))).toStrictEqual([]);
    expect(tests.length).toBeGreaterThan(0);
    const missing = tests.filter(
      ({ file, title }) => !existsSync(resolve(ROOT, file)) || !read(file).includes(`"${title}"`),
    );
    expect(missing).toStrictEqual([]);
  });

  test("names each file of test/security", () => {
    const named = new Set(threats.flatMap(({ tests }) => tests.map(({ file }) => file)));
    const files = readdirSync(resolve(ROOT, "test/security")).map((name) => `test/security/${name}`);
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !named.has(file))).toStrictEqual([]);
  });

  test("has one row for each threat", () => {
    expect(threats.length).toBeGreaterThan(30);
    expect(new Set(threats.map(({ name }) => name)).size).toBe(threats.length);
  });
});
