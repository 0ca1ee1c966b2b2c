import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";

/** An OpenID Connect issuer in memory that does as it should, unless a test says otherwise. */

export const ISSUER = "https://issuer.example";
export const CLIENT = { clientId: "pimcp", clientSecret: "secret-canary" };

/** A part of the issuer's answers that a test puts in place of the right one. */
export interface Deviations {
  /** Of the discovery document, by field. */
  discovery?: Record<string, unknown>;
  /** Of the id_token, by claim; `undefined` leaves the claim out. */
  claims?: Record<string, unknown>;
  /** Of the userinfo answer. */
  userinfo?: Record<string, unknown>;
  /** How the id_token is signed: by nobody, or by a key that the issuer does not publish. */
  signature?: "none" | "stranger";
  /** Whole answers, by path. */
  answers?: Record<string, (init: RequestInit) => Promise<Response> | Response>;
}

interface Code {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

const json = (body: unknown, status = 200) => Response.json(body, { status });

async function s256(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace("=", "");
}

/** Never answers, and ends as fetch does when it is aborted. */
export const hang = (init: RequestInit) =>
  new Promise<Response>((_resolve, reject) => {
    init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });

export class SimulatedIssuer {
  deviations: Deviations = {};
  /** Method and path of each request. */
  readonly asked: string[] = [];
  readonly #codes = new Map<string, Code>();
  readonly #keys = generateKeyPair("RS256", { extractable: true });

  /** What a person who signs in as `anna@example.com` comes back with. @param url where the gateway sent them */
  answer(url: URL): URLSearchParams {
    const { searchParams } = url;
    const code = crypto.randomUUID();
    this.#codes.set(code, {
      nonce: searchParams.get("nonce") ?? "",
      challenge: searchParams.get("code_challenge") ?? "",
      redirectUri: searchParams.get("redirect_uri") ?? "",
    });
    return new URLSearchParams({ code, state: searchParams.get("state") ?? "", iss: ISSUER });
  }

  readonly fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const url = new URL(address);
    this.asked.push(`${init.method ?? "GET"} ${url.pathname}`);
    const other = this.deviations.answers?.[url.pathname];
    if (other !== undefined) return other(init);
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json({ ...this.#discovery(), ...this.deviations.discovery });
      case "/jwks":
        return json({ keys: [{ ...(await exportJWK((await this.#keys).publicKey)), kid: "1", alg: "RS256" }] });
      case "/token":
        return this.#token(new URLSearchParams(await new Response(init.body ?? "").text()), new Headers(init.headers));
      case "/userinfo":
        return json({ sub: "user-1", email: "anna@example.com", email_verified: true, ...this.deviations.userinfo });
      default:
        return new Response("not found", { status: 404 });
    }
  };

  #discovery() {
    return {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      jwks_uri: `${ISSUER}/jwks`,
      userinfo_endpoint: `${ISSUER}/userinfo`,
      id_token_signing_alg_values_supported: ["RS256"],
      authorization_response_iss_parameter_supported: true,
    };
  }

  async #token(form: URLSearchParams, headers: Headers): Promise<Response> {
    const basic = decodeURIComponent(atob((headers.get("authorization") ?? "").replace("Basic ", "")));
    if (basic !== `${CLIENT.clientId}:${CLIENT.clientSecret}`) return json({ error: "invalid_client" }, 401);
    const code = this.#codes.get(form.get("code") ?? "");
    this.#codes.delete(form.get("code") ?? "");
    const fits =
      code !== undefined &&
      code.redirectUri === form.get("redirect_uri") &&
      code.challenge === (await s256(form.get("code_verifier") ?? ""));
    if (!fits) return json({ error: "invalid_grant", error_description: "canary" }, 400);
    return json({ access_token: "token-canary", token_type: "Bearer", id_token: await this.#idToken(code) });
  }

  async #idToken({ nonce }: Code): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const right = {
      iss: ISSUER,
      aud: CLIENT.clientId,
      sub: "user-1",
      nonce,
      iat: now,
      exp: now + 300,
      email: "anna@example.com",
      email_verified: true,
    };
    const claims: JWTPayload = { ...right, ...this.deviations.claims };
    if (this.deviations.signature === "none") return new UnsecuredJWT(claims).encode();
    const { privateKey } = this.deviations.signature === "stranger" ? await generateKeyPair("RS256") : await this.#keys;
    return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "1" }).sign(privateKey);
  }
}
