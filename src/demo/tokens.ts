import { jwtVerify, SignJWT } from "jose";
import * as z from "zod";
import { type Account, type Demo, type DemoContext, Refusal, refusal } from "./demo.ts";
import { fromHex } from "./passwords.ts";
import { Role, type World } from "./state.ts";

const ISSUER = "pi-controller";
const ACCESS_SECONDS = 15 * 60;
const REFRESH_SECONDS = 7 * 24 * 60 * 60;

const LIFE = { access: ACCESS_SECONDS, refresh: REFRESH_SECONDS };

/** The claims of a token (contract 3.2). */
const Claims = z.object({
  user_id: z.string().regex(/^\d+$/).transform(Number),
  role: Role,
  token_type: z.enum(["access", "refresh", "api"]),
});
export type Claims = z.infer<typeof Claims>;

/** Signs a token: HS256, 15 minutes for access, 7 days for refresh. */
export async function signToken(demo: Demo, account: Account, type: "access" | "refresh"): Promise<string> {
  const now = Math.floor(demo.now() / 1000);
  const subject = String(account.id);
  return new SignJWT({ user_id: subject, role: account.role, token_type: type })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(ISSUER)
    .setSubject(subject)
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + LIFE[type])
    .sign(fromHex(demo.world.signing_key));
}

/** The claims of a token, or `undefined` if it is not ours, has expired, or names no known role. */
export async function readToken(demo: Demo, token: string): Promise<Claims | undefined> {
  try {
    const { payload } = await jwtVerify(token, fromHex(demo.world.signing_key), {
      issuer: ISSUER,
      algorithms: ["HS256"],
      currentDate: new Date(demo.now()),
    });
    return Claims.parse(payload);
  } catch {
    return undefined;
  }
}

/** Seconds an access token lasts. */
export const EXPIRES_IN = ACCESS_SECONDS;

/** The role of an active account as it stands now. */
export function presentRole(world: World, userId: number): Role | undefined {
  const user = world.users.find((one) => one.id === userId);
  return user?.is_active === true ? user.role : undefined;
}

function bearer(header: string | undefined): string {
  if (header === undefined || header === "") throw refusal(401, "Authorization header is required");
  if (!header.startsWith("Bearer ")) {
    throw refusal(401, "Invalid authorization header format. Use: Bearer <token>");
  }
  const token = header.slice("Bearer ".length);
  if (token === "") throw refusal(401, "Token is required");
  return token;
}

/** Who the request's token says is calling; a cookie beats the header (contract 3.2). */
export async function authenticate(demo: Demo, c: DemoContext, cookie: string | undefined): Promise<Account> {
  const claims = await readToken(demo, cookie ?? bearer(c.req.header("authorization")));
  const invalid = refusal(401, "Invalid or expired token");
  if (claims === undefined) throw invalid;
  if (demo.quirks.believesTokens) return { id: claims.user_id, role: claims.role };
  const role = presentRole(demo.world, claims.user_id);
  if (role === undefined || claims.token_type !== "access") throw invalid;
  return { id: claims.user_id, role };
}

/** Refuses plain HTTP (contract 2.2). */
export function checkHttps(demo: Demo, c: DemoContext): void {
  const secure = c.req.url.startsWith("https:") || c.req.header("x-forwarded-proto") === "https";
  if (demo.requireHttps && !secure) {
    throw new Refusal(426, { error: "HTTPS Required", message: "This API requires HTTPS" });
  }
}
