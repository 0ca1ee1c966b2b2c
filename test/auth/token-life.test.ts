import { afterEach, describe, expect, test, vi } from "vitest";
import { ask, Issued, ORIGIN, signInAs, token } from "../support/in-isolate.ts";

const HOUR = 60 * 60 * 1000;

afterEach(() => vi.useRealTimers());

const signIn = () => signInAs({ username: "operator", password: "operator-demo", level: "operator" });

async function statusWith(accessToken: string): Promise<number> {
  const response = await ask(`${ORIGIN}/mcp`, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    headers: {
      authorization: `Bearer ${accessToken}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
  });
  await response.text();
  return response.status;
}

describe("a client's tokens", { timeout: 20_000 }, () => {
  test("an access token lasts a day and is then refused; the refresh token gets another", async () => {
    const { clientId, issued } = await signIn();
    expect(issued.expires_in).toBe(24 * 60 * 60);
    expect(await statusWith(issued.access_token)).toBe(200);
    vi.setSystemTime(Date.now() + 25 * HOUR);
    expect(await statusWith(issued.access_token)).toBe(401);
    const refresh = { grant_type: "refresh_token", client_id: clientId, refresh_token: issued.refresh_token };
    const renewed = Issued.parse(await (await token(refresh)).json());
    expect(await statusWith(renewed.access_token)).toBe(200);
  });

  test("the previous refresh token stays valid until the new one is used", async () => {
    const { clientId, issued } = await signIn();
    const refresh = (refresh_token: string) =>
      token({ grant_type: "refresh_token", client_id: clientId, refresh_token });
    await refresh(issued.refresh_token);
    const newest = Issued.parse(await (await refresh(issued.refresh_token)).json());
    expect((await refresh(newest.refresh_token)).status).toBe(200);
    expect((await refresh(issued.refresh_token)).status).toBe(400);
  });
});
