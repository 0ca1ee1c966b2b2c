import { describe, expect, test } from "vitest";
import type { Person } from "../../src/auth/sign-in.ts";
import { DEMO_URL, type Home } from "../../src/homes/home.ts";
import { agreedTo, type Asking, offerAgain, offerFor } from "../../src/web/offer.ts";
import { connectionOf } from "../support/connected.ts";
import { callerAs } from "../support/whole.ts";

const homeOf = (id: string): Home => ({ id, name: `The ${id}`, url: DEMO_URL, reach: "demo", timeoutMs: 1000 });
const HOMES = [homeOf("cottage"), homeOf("town"), homeOf("cellar")];
const login = { username: "anna", password: "secret" };
const ANNA: Person = {
  userId: "cottage.1",
  userName: "anna",
  homes: { cottage: { role: "admin", login }, town: { role: "viewer", login } },
};
const CLIENT: Asking = {
  clientId: "client-2",
  clientName: "Claude",
  redirectHost: "claude.ai",
  redirectIsLoopback: false,
  onlyHome: undefined,
};

const former = (more: Parameters<typeof connectionOf>[1]) => [
  connectionOf(callerAs("admin"), { clientName: "Claude", redirectHost: "claude.ai", homes: ["cottage"], ...more }),
];

describe("what a consent page offers", () => {
  test("a client never seen before may only see, at all homes that its person has signed in to", () => {
    expect(offerFor(CLIENT, ANNA, HOMES, [])).toMatchObject({
      homes: [
        { id: "cottage", role: "admin", chosen: true },
        { id: "town", role: "viewer", chosen: true },
      ],
      further: [{ id: "cellar" }],
      highest: "admin",
      level: "viewer",
      stay: true,
      known: false,
    });
  });

  test.each<[string, Asking, boolean]>([
    ["the same id", { ...CLIENT, clientId: "client", redirectHost: "elsewhere.example" }, true],
    ["the same name, and tokens go to the same host", CLIENT, true],
    ["the same name, but tokens go elsewhere", { ...CLIENT, redirectHost: "evil.example" }, false],
    ["another name at the same host", { ...CLIENT, clientName: "Another" }, false],
    ["the same name on this computer, where every program can say so", { ...CLIENT, redirectIsLoopback: true }, false],
  ])("a client with %s", (_, client, known) => {
    const offer = offerFor(client, ANNA, HOMES, former({ level: "operator", stays: false }));
    expect(offer).toMatchObject(
      known ? { known, level: "operator", stay: false } : { known, level: "viewer", stay: true },
    );
    expect(offer?.homes.map(({ chosen }) => chosen)).toStrictEqual([true, !known]);
  });

  test("never more than the person has now", () => {
    const viewer = { ...ANNA, homes: { town: { role: "viewer", login } } } satisfies Person;
    expect(offerFor(CLIENT, viewer, HOMES, former({ level: "admin" }))).toMatchObject({
      highest: "viewer",
      level: "viewer",
    });
  });

  test("at a home's own endpoint that home alone, or nothing", () => {
    const offer = offerFor({ ...CLIENT, onlyHome: "town" }, ANNA, HOMES, []);
    expect(offer).toMatchObject({ homes: [{ id: "town", chosen: true }], further: [], highest: "viewer" });
    expect(offerFor({ ...CLIENT, onlyHome: "cellar" }, ANNA, HOMES, [])).toBeUndefined();
  });

  test("people of PEOPLE are offered no further home", () => {
    const identity = { source: "https://issuer.example", names: ["anna@example.com"] };
    expect(offerFor(CLIENT, { ...ANNA, identity }, HOMES, [])?.further).toStrictEqual([]);
  });
});

describe("what a form may claim", () => {
  const offer = offerFor({ ...CLIENT, onlyHome: "town" }, ANNA, HOMES, []);

  test("is cut down to what was offered", () => {
    expect(
      offer && agreedTo(offer, { homes: ["cottage", "town", "cellar"], level: "admin", stay: true }),
    ).toStrictEqual({
      homes: ["town"],
      level: "viewer",
      stay: true,
    });
  });

  test("is kept when it has to be answered once more, cut down likewise", () => {
    const again = offer && offerAgain(offer, { homes: ["cottage"], level: "admin", stay: false });
    expect(again).toStrictEqual({ ...offer, homes: [expect.objectContaining({ chosen: false })], stay: false });
  });

  test("nothing is granted without a home", () => {
    expect(offer && agreedTo(offer, { homes: ["cottage"], level: "viewer", stay: true })).toBeUndefined();
    expect(offer && agreedTo(offer, { homes: [], level: "viewer", stay: true })).toBeUndefined();
  });
});
