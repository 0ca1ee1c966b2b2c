import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { newFlow } from "../../../src/auth/providers/flow-cookie.ts";
import { githubProvider } from "../../../src/auth/providers/github.ts";
import { MAX_ANSWER_BYTES, PROVIDER_MS } from "../../../src/auth/providers/outgoing.ts";
import { Fault } from "../../../src/lib/errors.ts";
import { hang } from "../../support/simulated-issuer.ts";

const CALLBACK = "https://pimcp.example.com/sign-in/github/callback";
const TOKEN = "https://github.com/login/oauth/access_token";
const USER = "https://api.github.com/user";
const EMAILS = "https://api.github.com/user/emails";

type Answer = (init: RequestInit) => Response | Promise<Response>;

const say =
  (body: unknown, status = 200) =>
  (): Response =>
    Response.json(body, { status });

/** GitHub's answers, the right ones unless a test puts another in their place. */
let answers: Record<string, Answer> = {};
let asked: { url: string; init: RequestInit }[] = [];
let logged: string[] = [];

const RIGHT: Readonly<Record<string, Answer>> = {
  [TOKEN]: say({ access_token: "token-canary", token_type: "bearer", scope: "user:email" }),
  [USER]: say({ id: 583231, login: "OctoCat", name: "The Octocat", email: "public@example.com" }),
  [EMAILS]: say([
    { email: "old@example.com", primary: false, verified: true },
    { email: "Octo@Example.com", primary: true, verified: true },
  ]),
};

const provider = githubProvider(
  { kind: "github", clientId: "pimcp", clientSecret: "secret-canary" },
  async (url, init) => {
    asked.push({ url, init });
    const answer = { ...RIGHT, ...answers }[url];
    if (answer === undefined) throw new Error(`not GitHub's: ${url}`);
    return answer(init);
  },
);

beforeEach(() => {
  answers = {};
  asked = [];
  logged = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function signIn(change: (answer: URLSearchParams) => void = () => undefined) {
  const flow = newFlow("/authorize?x");
  const url = await provider.begin(CALLBACK, flow);
  const answer = new URLSearchParams({ code: "code-canary", state: url.searchParams.get("state") ?? "" });
  change(answer);
  return provider.finish(answer, CALLBACK, flow);
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const outcome = await work.then(
    () => "signed in",
    (error: unknown) => error,
  );
  if (!(outcome instanceof Fault)) throw new Error(`no fault: ${String(outcome)}`);
  return outcome;
}

test("someone is known by their account and their verified primary address, and has an id that outlives a new name", async () => {
  expect(await signIn()).toStrictEqual({
    source: "https://github.com",
    names: ["github:octocat", "octo@example.com"],
    userId: "github.583231",
    userName: "octocat",
  });
});

test("they are sent there with PKCE and state; the code is redeemed with the verifier", async () => {
  const flow = newFlow("");
  const url = await provider.begin(CALLBACK, flow);
  expect(url.origin + url.pathname).toBe("https://github.com/login/oauth/authorize");
  expect(Object.fromEntries(url.searchParams)).toStrictEqual({
    client_id: "pimcp",
    redirect_uri: CALLBACK,
    scope: "user:email",
    state: flow.state,
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: "S256",
  });
  await provider.finish(new URLSearchParams({ code: "code-canary", state: flow.state }), CALLBACK, flow);
  const form = new URLSearchParams(await new Response(asked[0]?.init.body ?? "").text());
  expect(form.get("code_verifier")).toBe(flow.verifier);
  expect(form.get("redirect_uri")).toBe(CALLBACK);
  for (const { url: address, init } of asked) {
    expect(address).not.toContain("canary");
    expect(init.redirect).toBe("manual");
  }
});

test.each<[string, unknown]>([
  ["the primary one is not verified", [{ email: "octo@example.com", primary: true, verified: false }]],
  [
    "only another one is verified",
    [
      { email: "octo@example.com", primary: true, verified: false },
      { email: "anna@example.com", primary: false, verified: true },
    ],
  ],
  ["there is none", []],
])("no address counts if %s; the account still does", async (_, emails) => {
  answers = { [EMAILS]: say(emails) };
  expect((await signIn()).names).toStrictEqual(["github:octocat"]);
});

describe("nobody is signed in", () => {
  test.each<[string, (answer: URLSearchParams) => void]>([
    ["with the state of another browser", (answer) => answer.set("state", newFlow("").state)],
    ["without state", (answer) => answer.delete("state")],
    ["with two states", (answer) => answer.append("state", "x")],
    ["without a code", (answer) => answer.delete("code")],
    ["with two codes", (answer) => answer.append("code", "x")],
  ])("%s: no code is redeemed", async (_, change) => {
    expect((await faultOf(signIn(change))).type).toBe("unauthorized");
    expect(asked).toStrictEqual([]);
  });

  test.each<[string, Record<string, Answer>]>([
    ["a token of another kind", { [TOKEN]: say({ access_token: "x", token_type: "mac" }) }],
    ["a web page instead of a token", { [TOKEN]: () => new Response("<h1>hello</h1>") }],
    ["a refused token", { [USER]: say({ message: "Bad credentials" }, 401) }],
    ["a token with an error's status", { [TOKEN]: say({ access_token: "x", token_type: "bearer" }, 500) }],
    ["no id", { [USER]: say({ login: "octocat" }) }],
    ["an account that cannot be", { [USER]: say({ id: 1, login: "anna@example.com" }) }],
    ["addresses that may not be read", { [EMAILS]: say({ message: "Not Found" }, 404) }],
  ])("%s", async (_, other) => {
    answers = other;
    expect((await faultOf(signIn())).type).toBe("unauthorized");
  });

  test.each<[string, string, string]>([
    ["bad_verification_code", "token_expired", "it was used already, or is too old"],
    ["incorrect_client_credentials", "operation_failed", "incorrect_client_credentials"],
    ["redirect_uri_mismatch", "operation_failed", "redirect_uri_mismatch"],
  ])("GitHub says %s with status 200", async (error, type, words) => {
    answers = { [TOKEN]: say({ error, error_description: "canary" }) };
    const fault = await faultOf(signIn());
    expect(fault.type).toBe(type);
    expect(fault.message).toContain(words);
    expect(JSON.stringify(fault)).not.toContain("canary");
  });

  test("who declines there", async () => {
    const fault = await faultOf(signIn((answer) => answer.set("error", "access_denied")));
    expect(fault.message).toContain("or you declined there");
    expect(asked).toStrictEqual([]);
  });

  test.each([TOKEN, USER, EMAILS])("%s hangs: the person hears of it in time", async (url) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    answers = { [url]: hang };
    const fault = faultOf(signIn());
    await vi.waitFor(() => expect(asked.at(-1)?.url).toBe(url));
    await vi.advanceTimersByTimeAsync(PROVIDER_MS);
    expect((await fault).type).toBe("timeout");
  });

  test.each<[string, Answer]>([
    ["is too large", () => new Response("x".repeat(MAX_ANSWER_BYTES + 1))],
    ["is a redirect", () => Response.redirect("https://evil.example/", 307)],
    ["does not come", () => Promise.reject(new TypeError("Network connection lost."))],
  ])("an answer that %s", async (_, answer) => {
    answers = { [TOKEN]: answer };
    expect((await faultOf(signIn())).type).toBe("connection_failed");
    expect(asked).toHaveLength(1);
  });
});

test("nothing of codes, tokens, secrets or people is logged", async () => {
  answers = { [USER]: say({ message: "Bad credentials: token-canary" }, 401) };
  await faultOf(signIn());
  answers = { [TOKEN]: say({ error: "code-canary octocat" }) };
  await faultOf(signIn());
  expect(logged.map((line): unknown => JSON.parse(line))).toStrictEqual([
    { event: "sign_in_failed", provider: "github", reason: "http_401" },
    { event: "sign_in_failed", provider: "github", reason: "an error" },
  ]);
});
