import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import { restartController } from "../../src/demo/world.ts";
import type { Dialect } from "../../src/demo/quirks.ts";
import { at, DIALECTS, type Home, NOON, openHome, textAt } from "./client.ts";

const MINUTE = 60_000;

const logIn = (home: Home, username: string, password: string) =>
  home.call("nobody", "POST", "/api/v1/auth/login", { username, password });

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe.each(DIALECTS)("auth, %s", (dialect) => {
  test.each(["viewer", "operator", "admin"] as const)("%s signs in with the public password", async (role) => {
    const home = openHome(dialect);
    const { status, body } = await logIn(home, role, `${role}-demo`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ user: { username: role, role }, token_type: "Bearer", expires_in: 900 });
    expect(textAt(body, "csrf_token")).toMatch(/^[0-9a-f]{64}$/);
    expect(textAt(body, "user", "firstName")).toBe("Demo");
  });

  test("an e-mail address is a user name too", async () => {
    expect((await logIn(openHome(dialect), "viewer@pi-controller.local", "viewer-demo")).status).toBe(200);
  });

  test("tokens carry the contract's claims and no others", async () => {
    const { body } = await logIn(openHome(dialect), "operator", "operator-demo");
    const seconds = NOON / 1000;
    const times = { iat: seconds, nbf: seconds };
    const who = { user_id: "2", role: "operator", iss: "pi-controller", sub: "2" };
    expect(decodeJwt(textAt(body, "access_token"))).toEqual({
      ...who,
      ...times,
      token_type: "access",
      exp: seconds + 15 * 60,
    });
    expect(decodeJwt(textAt(body, "refresh_token"))).toEqual({
      ...who,
      ...times,
      token_type: "refresh",
      exp: seconds + 7 * 86_400,
    });
    expect(decodeProtectedHeader(textAt(body, "access_token")).alg).toBe("HS256");
  });

  test.each([
    ["no header", {}, "Authorization header is required"],
    ["another scheme", { authorization: "Basic x" }, "Invalid authorization header format. Use: Bearer <token>"],
    ["a nonsense token", bearer("x.y.z"), "Invalid or expired token"],
  ])("%s is a 401", async (_, headers, message) => {
    const answer = await openHome(dialect).call("nobody", "GET", "/api/v1/clusters", undefined, headers);
    expect(answer).toMatchObject({ status: 401, body: { error: "Unauthorized", message } });
  });

  test("an access token lasts fifteen minutes", async () => {
    const home = openHome(dialect);
    await home.token("viewer");
    home.advance(14 * MINUTE);
    expect((await home.call("viewer", "GET", "/api/v1/auth/profile")).status).toBe(200);
    home.advance(2 * MINUTE);
    expect(await home.call("viewer", "GET", "/api/v1/auth/profile")).toMatchObject({
      status: 401,
      body: { message: "Invalid or expired token" },
    });
  });

  test("a refresh rotates both tokens, an access token cannot refresh, and nonsense is refused", async () => {
    const home = openHome(dialect);
    const { body } = await logIn(home, "viewer", "viewer-demo");
    home.advance(MINUTE);
    const refresh = (refresh_token: unknown) => home.call("nobody", "POST", "/api/v1/auth/refresh", { refresh_token });
    const renewed = await refresh(at(body, "refresh_token"));
    expect(renewed.status).toBe(200);
    expect(at(renewed.body, "refresh_token")).not.toBe(at(body, "refresh_token"));
    expect(at(renewed.body, "user")).toBeUndefined();
    expect((await refresh(at(body, "refresh_token"))).status).toBe(200);
    expect(await refresh(at(body, "access_token"))).toMatchObject({
      status: 400,
      body: { error: "Bad Request", message: "Invalid token type" },
    });
    expect(await refresh("nonsense")).toMatchObject({
      status: 401,
      body: { message: "Invalid or expired refresh token" },
    });
  });

  test("a restart makes every token invalid", async () => {
    const home = openHome(dialect);
    await home.token("viewer");
    restartController(home.world, NOON);
    expect((await home.call("viewer", "GET", "/api/v1/auth/profile")).status).toBe(401);
    expect((await logIn(home, "viewer", "viewer-demo")).status).toBe(200);
  });

  test("five wrong passwords lock the account for a quarter of an hour, and the next one at once again", async () => {
    const home = openHome(dialect);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await logIn(home, "viewer", "no")).toMatchObject({
        status: 401,
        body: { message: "Invalid credentials" },
      });
    }
    expect(await logIn(home, "viewer", "viewer-demo")).toMatchObject({
      status: 429,
      body: { error: "Account Locked" },
    });
    home.advance(16 * MINUTE);
    expect((await logIn(home, "viewer", "no")).status).toBe(401);
    expect((await logIn(home, "viewer", "viewer-demo")).status).toBe(429);
    home.advance(16 * MINUTE);
    expect((await logIn(home, "viewer", "viewer-demo")).status).toBe(200);
    expect((await logIn(home, "viewer", "no")).status).toBe(401);
    expect((await logIn(home, "viewer", "viewer-demo")).status).toBe(200);
  });

  test("a deactivated account cannot sign in, and an unknown one is not told apart from a wrong password", async () => {
    const home = openHome(dialect);
    const [viewer] = home.world.users;
    if (viewer !== undefined) viewer.is_active = false;
    expect(await logIn(home, "viewer", "viewer-demo")).toMatchObject({
      status: 403,
      body: { message: "Account is deactivated" },
    });
    expect(await logIn(home, "ghost", "x")).toMatchObject({ status: 401, body: { message: "Invalid credentials" } });
  });

  test("anyone can register, even an admin, but not twice", async () => {
    const home = openHome(dialect);
    const person = { username: " Ada ", email: "ada@example.com", password: "secret1", role: "admin" };
    const register = (body: object) => home.call("nobody", "POST", "/api/v1/auth/register", body);
    const created = await register(person);
    expect(created).toMatchObject({ status: 201, body: { user: { username: "ada", role: "admin", is_active: true } } });
    expect(JSON.stringify(created.body)).not.toContain("password");
    expect(await register(person)).toMatchObject({
      status: 409,
      body: { error: "Conflict", message: "Username or email already exists" },
    });
    expect((await register({ ...person, username: "bob", email: "bob@x.y", password: "letters" })).status).toBe(400);
    expect((await logIn(home, "ada", "secret1")).status).toBe(200);
  });

  test("the profile is a bare UserInfo", async () => {
    const { body } = await openHome(dialect).call("admin", "GET", "/api/v1/auth/profile");
    expect(body).toMatchObject({
      id: 3,
      username: "admin",
      role: "admin",
      first_name: "Demo",
      email: "admin@pi-controller.local",
      is_active: true,
    });
  });

  test("a cookie beats the header, and writes by cookie need the CSRF token", async () => {
    const home = openHome(dialect);
    const { body, headers } = await logIn(home, "operator", "operator-demo");
    expect(headers.getSetCookie().map((cookie) => cookie.split("=")[0])).toEqual([
      "access_token",
      "refresh_token",
      "csrf_token",
    ]);
    const write = (extra: Record<string, string>) =>
      home.call("viewer", "POST", "/api/v1/gpio/15/write", { value: 1 }, extra);
    const csrf = textAt(body, "csrf_token");
    const cookie = `access_token=${textAt(body, "access_token")}; csrf_token=${csrf}`;
    expect(await write({ cookie })).toMatchObject({ status: 403, body: { message: "CSRF token validation failed" } });
    expect((await write({ cookie, "x-csrf-token": csrf })).status).toBe(200);
    expect((await write({ cookie: "access_token=stale" })).status).toBe(401);
  });

  test("plain HTTP is refused where it is required, but for the sign-in", async () => {
    const home = openHome(dialect, { requireHttps: true });
    expect(await home.call("viewer", "GET", "/api/v1/clusters")).toMatchObject({
      status: 426,
      body: { error: "HTTPS Required", message: "This API requires HTTPS" },
    });
    const forwarded = { "x-forwarded-proto": "https" };
    expect((await home.call("viewer", "GET", "/api/v1/clusters", undefined, forwarded)).status).toBe(200);
  });
});

/** Every guarded route with the least role it takes (contract 4). */
const ROUTES = [
  ["GET", "/api/v1/auth/profile", "viewer"],
  ["GET", "/api/v1/clusters", "viewer"],
  ["POST", "/api/v1/clusters", "operator"],
  ["GET", "/api/v1/clusters/1", "viewer"],
  ["PUT", "/api/v1/clusters/1", "operator"],
  ["DELETE", "/api/v1/clusters/99", "admin"],
  ["GET", "/api/v1/clusters/1/nodes", "viewer"],
  ["GET", "/api/v1/clusters/1/status", "viewer"],
  ["POST", "/api/v1/clusters/1/provision", "admin"],
  ["POST", "/api/v1/clusters/1/deprovision", "admin"],
  ["POST", "/api/v1/clusters/1/scale", "admin"],
  ["GET", "/api/v1/nodes", "viewer"],
  ["POST", "/api/v1/nodes", "operator"],
  ["GET", "/api/v1/nodes/1", "viewer"],
  ["PUT", "/api/v1/nodes/1", "operator"],
  ["DELETE", "/api/v1/nodes/1", "admin"],
  ["GET", "/api/v1/nodes/1/gpio", "viewer"],
  ["POST", "/api/v1/nodes/1/adopt", "operator"],
  ["POST", "/api/v1/nodes/1/provision", "admin"],
  ["POST", "/api/v1/nodes/1/deprovision", "admin"],
  ["POST", "/api/v1/nodes/1/cluster-token", "operator"],
  ["POST", "/api/v1/nodes/1/kubeconfig", "operator"],
  ["GET", "/api/v1/gpio", "viewer"],
  ["POST", "/api/v1/gpio", "operator"],
  ["GET", "/api/v1/gpio/15", "viewer"],
  ["PUT", "/api/v1/gpio/15", "operator"],
  ["DELETE", "/api/v1/gpio/99", "admin"],
  ["POST", "/api/v1/gpio/15/read", "viewer"],
  ["POST", "/api/v1/gpio/15/write", "operator"],
  ["GET", "/api/v1/gpio/15/readings", "viewer"],
  ["POST", "/api/v1/ca/initialize", "admin"],
  ["GET", "/api/v1/ca/info", "viewer"],
  ["GET", "/api/v1/ca/certificate", "viewer"],
  ["GET", "/api/v1/ca/stats", "viewer"],
  ["GET", "/api/v1/ca/certificates", "viewer"],
  ["GET", "/api/v1/ca/certificates/1", "viewer"],
  ["POST", "/api/v1/ca/certificates", "admin"],
  ["POST", "/api/v1/ca/certificates/99/renew", "admin"],
  ["POST", "/api/v1/ca/certificates/99/revoke", "admin"],
  ["POST", "/api/v1/ca/certificates/validate", "viewer"],
  ["GET", "/api/v1/ca/requests", "operator"],
  ["POST", "/api/v1/ca/requests", "operator"],
  ["POST", "/api/v1/ca/requests/1/process", "admin"],
  ["POST", "/api/v1/ca/cleanup", "admin"],
  ["GET", "/api/v1/system/info", "viewer"],
  ["GET", "/api/v1/system/metrics", "viewer"],
] as const;

const DOCUMENTED_ROUTES = [
  ["GET", "/api/v1/nodes/1/metrics", "viewer"],
  ["GET", "/api/v1/gpio/reservations", "viewer"],
  ["POST", "/api/v1/gpio/reservations/cleanup", "admin"],
  ["POST", "/api/v1/gpio/15/reserve", "operator"],
  ["POST", "/api/v1/gpio/15/release", "operator"],
  ["POST", "/api/v1/deployments/pods", "operator"],
  ["GET", "/api/v1/deployments/clusters/1/pods/pihole", "viewer"],
  ["DELETE", "/api/v1/deployments/clusters/1/pods/none", "operator"],
] as const;

const ROLES = ["viewer", "operator", "admin"] as const;

/** How an admin's delete is answered after the account has changed. */
const statusAfter = async (dialect: Dialect, change: { role?: "viewer"; is_active?: boolean }) => {
  const home = openHome(dialect);
  await home.token("admin");
  const admin = home.world.users.find((user) => user.username === "admin");
  if (admin !== undefined) Object.assign(admin, change);
  return (await home.call("admin", "DELETE", "/api/v1/gpio/99")).status;
};

/** The role in a token that was refreshed after a demotion. */
const refreshedRole = async (dialect: Dialect) => {
  const home = openHome(dialect);
  const { body } = await logIn(home, "admin", "admin-demo");
  const admin = home.world.users.find((user) => user.username === "admin");
  if (admin !== undefined) admin.role = "viewer";
  const refresh_token = at(body, "refresh_token");
  const renewed = await home.call("nobody", "POST", "/api/v1/auth/refresh", { refresh_token });
  return decodeJwt(textAt(renewed.body, "access_token"))["role"];
};

const statusWithRefreshToken = async (dialect: Dialect) => {
  const home = openHome(dialect);
  const { body } = await logIn(home, "viewer", "viewer-demo");
  const headers = bearer(textAt(body, "refresh_token"));
  return (await home.call("nobody", "GET", "/api/v1/clusters", undefined, headers)).status;
};

describe("roles", () => {
  test.each([
    ...ROUTES.flatMap((route) => DIALECTS.map((dialect) => [dialect, ...route] as const)),
    ...DOCUMENTED_ROUTES.map((route) => ["documented", ...route] as const),
  ])("%s: %s %s takes a %s", async (dialect, method, path, least) => {
    const home = openHome(dialect);
    expect((await home.call("nobody", method, path)).status).toBe(401);
    for (const role of ROLES) {
      const { status, body } = await home.call(role, method, path);
      const isRefused = status === 403 && at(body, "message") === `Requires ${least} role`;
      expect(isRefused).toBe(ROLES.indexOf(role) < ROLES.indexOf(least));
    }
  });

  test("a demoted or deactivated user is refused at once by the documented controller only", async () => {
    expect(await statusAfter("documented", { role: "viewer" })).toBe(403);
    expect(await statusAfter("documented", { is_active: false })).toBe(401);
    expect(await statusAfter("released", { role: "viewer" })).toBe(404);
    expect(await statusAfter("released", { is_active: false })).toBe(404);
  });

  test("a refresh gives the present role in the documented dialect, the old one in the released", async () => {
    expect(await refreshedRole("documented")).toBe("viewer");
    expect(await refreshedRole("released")).toBe("admin");
  });

  test("a refresh token passes as a bearer in the released dialect only", async () => {
    expect(await statusWithRefreshToken("documented")).toBe(401);
    expect(await statusWithRefreshToken("released")).toBe(200);
  });
});
