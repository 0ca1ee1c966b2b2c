import { auth } from "@modelcontextprotocol/client";
import { OAuthClient } from "../../scripts/support/oauth-client.ts";
import { Person } from "../../scripts/support/person.ts";
import { addressOf, type CastPerson, PASSWORD } from "./cast.ts";

/** So many people sign in at a time. */
const AT_ONCE = 12;

/** Which endpoint somebody has added: two in three that of all homes, the others that of their home alone. */
export const pathOf = ({ index, home }: CastPerson) => (index % 3 === 2 ? `/mcp/h/${home.id}` : "/mcp");

/** `fetch` as from one person's own address: Cloudflare tells it to a Worker in this header. */
function fetchFrom(person: CastPerson) {
  const address = addressOf(person);
  return (url: string | URL, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("cf-connecting-ip", address);
    return fetch(url, { ...init, headers });
  };
}

/** The whole way of a new connection: discovery, registration, sign-in page, consent page, token. */
async function signIn(gateway: string, person: CastPerson): Promise<string> {
  const fetchFn = fetchFrom(person);
  const { username, role: level, home } = person;
  const client = new OAuthClient(new Person({ username, password: PASSWORD, level, home: home.id }, fetchFn));
  const serverUrl = gateway + pathOf(person);
  await auth(client, { serverUrl, fetchFn });
  const code = client.callback?.searchParams.get("code");
  if (code === undefined || code === null) throw new Error(`No authorization code for ${username}`);
  const iss = client.callback?.searchParams.get("iss");
  await auth(client, { serverUrl, fetchFn, authorizationCode: code, ...(iss == null ? {} : { iss }) });
  const token = client.tokens()?.access_token;
  if (token === undefined) throw new Error(`No access token for ${username}`);
  return token;
}

/** What it took to sign everybody in. */
export interface SignedIn {
  /** Access tokens, by the person's index. */
  readonly tokens: readonly string[];
  readonly seconds: number;
  /** Of each sign-in, in milliseconds. */
  readonly times: readonly number[];
}

/** Signs everybody in, a few at a time, each with an AI client of their own. @throws Error of the first that fails */
export async function signAllIn(
  gateway: string,
  people: readonly CastPerson[],
  said: (done: number) => void,
): Promise<SignedIn> {
  const waiting = [...people];
  const tokens: string[] = [];
  const times: number[] = [];
  const start = performance.now();
  const work = async () => {
    for (let person = waiting.shift(); person !== undefined; person = waiting.shift()) {
      const began = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one after the other, in each of a few rows
      tokens[person.index] = await signIn(gateway, person);
      times.push(performance.now() - began);
      said(times.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { tokens, times, seconds: (performance.now() - start) / 1000 };
}
