import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import * as z from "zod";
import { bind, text } from "./bind.ts";
import { type Account, type Demo, type DemoApp, type DemoContext, refusal } from "./demo.ts";
import { guard } from "./guard.ts";
import { hashPassword, isPassword, randomHex } from "./passwords.ts";
import { nextId, Role, type User } from "./state.ts";
import { EXPIRES_IN, presentRole, readToken, signToken } from "./tokens.ts";

const MAX_FAILURES = 5;
const LOCK_MS = 15 * 60 * 1000;
const CSRF_BYTES = 32;

const Login = z.object({ username: z.string().min(1), password: z.string().min(1) });
const Refresh = z.object({ refresh_token: text });
const Registration = z.object({
  username: text,
  email: text,
  password: text,
  first_name: text,
  last_name: text,
  role: text,
});

/** `UserInfo` (contract 3.1). */
function userInfo(demo: Demo, user: User) {
  const { id, username, email, role, first_name, last_name, is_active, last_login } = user;
  const seen = last_login === null ? {} : { last_login: demo.shapes.time(last_login) };
  const created_at = demo.shapes.time(user.created_at);
  return { id, username, email, role, first_name, last_name, is_active, ...seen, created_at };
}

/** A pair of tokens as answer and as cookies. */
async function grant(demo: Demo, c: DemoContext, account: Account) {
  const access_token = await signToken(demo, account, "access");
  const refresh_token = await signToken(demo, account, "refresh");
  const csrf_token = randomHex(CSRF_BYTES);
  const cookie = { path: "/", sameSite: "Strict" } as const;
  setCookie(c, "access_token", access_token, { ...cookie, httpOnly: true });
  setCookie(c, "refresh_token", refresh_token, { ...cookie, httpOnly: true });
  setCookie(c, "csrf_token", csrf_token, cookie);
  return { access_token, refresh_token, token_type: "Bearer", expires_in: EXPIRES_IN, csrf_token };
}

const LOCKED = "Account is temporarily locked due to too many failed login attempts";

function noteFailure(user: User, now: number): void {
  user.failed_logins += 1;
  // The count outlives the lock, so that the next failure locks again at once (contract 3.3).
  if (user.failed_logins >= MAX_FAILURES) user.locked_until = now + LOCK_MS;
}

async function checkLogin(demo: Demo, username: string, password: string): Promise<User> {
  const name = username.trim().toLowerCase();
  const user = demo.world.users.find((one) => one.username === name || one.email === name);
  const now = demo.now();
  if (user === undefined) throw refusal(401, "Invalid credentials");
  if (user.locked_until !== null && user.locked_until > now) throw refusal(429, LOCKED, "Account Locked");
  if (!user.is_active) throw refusal(403, "Account is deactivated");
  const right = await isPassword(password, user.password);
  demo.changed();
  if (!right) {
    noteFailure(user, now);
    throw refusal(401, "Invalid credentials");
  }
  user.failed_logins = 0;
  user.locked_until = null;
  user.last_login = now;
  return user;
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function registrationProblem({ username, email, password, role }: z.infer<typeof Registration>): string | undefined {
  if (username.trim() === "") return "username is required";
  if (!EMAIL.test(email)) return "invalid email format";
  if (password.length < 6 || password.length > 100) return "password must be between 6 and 100 characters";
  if (!/[^A-Za-z]/.test(password)) return "password must contain at least one non-letter character";
  return role === "" || Role.safeParse(role).success ? undefined : "invalid role";
}

async function register(demo: Demo, c: DemoContext): Promise<User> {
  const sent = await bind(c, Registration);
  const problem = registrationProblem(sent);
  if (problem !== undefined) throw refusal(400, problem);
  // Before the check, so that nothing can come between the check and the new row.
  const password = await hashPassword(sent.password);
  const { world } = demo;
  const username = sent.username.trim().toLowerCase();
  if (world.users.some((one) => one.username === username || one.email === sent.email)) {
    throw refusal(409, "Username or email already exists");
  }
  const user: User = {
    id: nextId(world, "users"),
    username,
    email: sent.email,
    role: Role.catch("viewer").parse(sent.role),
    first_name: sent.first_name,
    last_name: sent.last_name,
    is_active: true,
    last_login: null,
    created_at: demo.now(),
    password,
    failed_logins: 0,
    locked_until: null,
  };
  world.users.push(user);
  demo.changed();
  return user;
}

/** The account that a refresh token renews, with its old role or its present one. */
async function renew(demo: Demo, token: string): Promise<Account> {
  const claims = await readToken(demo, token);
  const invalid = refusal(401, "Invalid or expired refresh token");
  if (claims === undefined) throw invalid;
  if (claims.token_type !== "refresh") throw refusal(400, "Invalid token type");
  if (demo.quirks.believesTokens) return { id: claims.user_id, role: claims.role };
  const role = presentRole(demo.world, claims.user_id);
  if (role === undefined) throw invalid;
  return { id: claims.user_id, role };
}

/** `/api/v1/auth/*` (contract 3.1). */
export function authRoutes(app: DemoApp, demo: Demo): void {
  app.post("/api/v1/auth/login", async (c) => {
    const { username, password } = await bind(c, Login);
    const user = await checkLogin(demo, username, password);
    const { id, role, first_name, last_name, email } = user;
    const shown = { id, username: user.username, role, firstName: first_name, lastName: last_name, email };
    return c.json({ user: shown, ...(await grant(demo, c, user)) });
  });
  app.post("/api/v1/auth/register", async (c) => {
    const user = await register(demo, c);
    return c.json({ message: "User created successfully", user: userInfo(demo, user) }, 201);
  });
  app.post("/api/v1/auth/refresh", async (c) => {
    const cookie = getCookie(c, "refresh_token");
    const token = cookie ?? (await bind(c, Refresh)).refresh_token;
    return c.json(await grant(demo, c, await renew(demo, token)));
  });
  app.get("/api/v1/auth/profile", guard(demo, "viewer"), (c) => {
    const user = demo.world.users.find((one) => one.id === c.get("account").id);
    if (user === undefined) throw refusal(404, "User not found");
    return c.json(userInfo(demo, user));
  });
  app.post("/api/v1/auth/logout", guard(demo, "viewer"), (c) => {
    for (const name of ["access_token", "refresh_token", "csrf_token"]) deleteCookie(c, name, { path: "/" });
    return c.json({ message: "Logged out successfully" });
  });
}
