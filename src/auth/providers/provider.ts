import type { Identity } from "../standing.ts";

/** What binds a sign-in to one browser; random, and used once. */
export interface Bindings {
  readonly state: string;
  readonly nonce: string;
  /** PKCE. */
  readonly verifier: string;
}

/** Who somebody is, as a provider vouches for it. */
export interface Vouched extends Identity {
  /** Unique and stable; holds no ":". */
  readonly userId: string;
  /** What people see of them. */
  readonly userName: string;
}

/** A way to sign in elsewhere and come back. */
export interface Provider {
  /** Its part of the addresses: `/sign-in/<id>`. */
  readonly id: "oidc" | "github";
  /** What its button says. */
  readonly name: string;
  /** Where to send the person. @throws Fault if the provider cannot be asked for its addresses */
  begin(redirectUri: string, bindings: Bindings): Promise<URL>;
  /**
   * Who came back.
   * @param answer the parameters of the callback
   * @throws Fault that says what went wrong, without a code or a token
   */
  finish(answer: URLSearchParams, redirectUri: string, bindings: Bindings): Promise<Vouched>;
}
