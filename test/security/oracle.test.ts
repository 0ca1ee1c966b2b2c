import { afterEach, expect, test, vi } from "vitest";
import { ask, ORIGIN } from "../support/in-isolate.ts";
import { type Between, moveIn } from "../support/whole.ts";

/** Whether sign-in tells which accounts there are; what it answers is in test/limits/worker/sign-in.test.ts. */

afterEach(() => vi.restoreAllMocks());

const signIn = async (username: string, password: string, home = "demo") => {
  const form = new URLSearchParams({ next: "/connections", home, username, password });
  const response = await ask(`${ORIGIN}/sign-in`, {
    method: "POST",
    body: form,
    headers: { origin: ORIGIN },
    redirect: "manual",
  });
  const headers = [...response.headers].filter(([name]) => name !== "date" && name !== "content-length");
  return { status: response.status, headers, text: (await response.text()).replace(`value="${username}"`, "") };
};

test("a name that is there and one that is not cost the same: one request, of the same kind, and the same answer", async () => {
  const asked: string[] = [];
  const between: Between = (request, home) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return home(request);
  };
  moveIn("released", between);
  const answers = [];
  for (const name of ["admin", "nobody", "ADMIN", "admin@pi-controller.local", "nobody@pi-controller.local"]) {
    answers.push(await signIn(name, "wrong"));
  }
  expect(asked).toStrictEqual(answers.map(() => "POST /api/v1/auth/login"));
  for (const answer of answers) expect(answer).toStrictEqual(answers[0]);
});

test("nor does a consent or connections page tell a stranger whose it is", async () => {
  moveIn("released");
  for (const path of ["/connections", `/secrets/${crypto.randomUUID()}`]) {
    const pages = new Set<string>();
    for (const cookie of ["", "__Host-pimcp-person=x", `__Host-pimcp-person=${"x.".repeat(5)}`]) {
      pages.add(await (await ask(ORIGIN + path, { headers: { cookie } })).text());
    }
    expect(pages.size).toBe(1);
  }
});

test("a token of somebody who is not there is refused like any other wrong one", async () => {
  const answers = [];
  for (const token of ["demo.1:aaaaaaaaaaaaaaaa:b", "demo.9999:aaaaaaaaaaaaaaaa:b", "x"]) {
    const response = await ask(`${ORIGIN}/mcp`, {
      method: "POST",
      body: "{}",
      headers: { authorization: `Bearer ${token}` },
    });
    answers.push([response.status, response.headers.get("www-authenticate"), await response.text()]);
  }
  for (const answer of answers) expect(answer).toStrictEqual(answers[0]);
});
