import { expect, test } from "vitest";
import { sentence, sentences } from "../../src/lib/sentence.ts";

test.each([
  ["name is required", "name is required."],
  ["It is gone.", "It is gone."],
  ["Why?", "Why?"],
  ['It says "no."', 'It says "no."'],
  ["cut off…", "cut off…"],
  ["no route to host: ", "no route to host."],
  [" (see the log)", "(see the log)."],
  ["", ""],
])("%j ends as %j", (text, ended) => {
  expect(sentence(text)).toBe(ended);
});

test("sentences in a row are told apart, and empty ones left out", () => {
  expect(sentences("ssh: no route", "", "Look at it.", "Then")).toBe("ssh: no route. Look at it. Then.");
});
