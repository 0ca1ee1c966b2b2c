import type { OAuthClientProvider } from "@modelcontextprotocol/client";
import type { Person } from "./person.ts";

type Stored<Method extends "clientInformation" | "tokens" | "discoveryState"> = Exclude<
  Awaited<ReturnType<NonNullable<OAuthClientProvider[Method]>>>,
  undefined
>;

/** Where a program on this computer would wait for its code; nothing listens there in the demo. */
export const CALLBACK = "http://127.0.0.1:33418/callback";

/** The OAuth side of an MCP client, in memory: registers itself and sends a person through the pages. */
export class OAuthClient implements OAuthClientProvider {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata = {
    client_name: "PiMCP demo",
    redirect_uris: [CALLBACK],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
  readonly #person: Person;
  #client: Stored<"clientInformation"> | undefined;
  #tokens: Stored<"tokens"> | undefined;
  #discovery: Stored<"discoveryState"> | undefined;
  #verifier = "";
  /** The callback that the last authorization ended with. */
  callback: URL | undefined;

  constructor(person: Person) {
    this.#person = person;
  }

  clientInformation() {
    return this.#client;
  }

  saveClientInformation(client: Stored<"clientInformation">) {
    this.#client = client;
  }

  tokens() {
    return this.#tokens;
  }

  saveTokens(tokens: Stored<"tokens">) {
    this.#tokens = tokens;
  }

  discoveryState() {
    return this.#discovery;
  }

  saveDiscoveryState(state: Stored<"discoveryState">) {
    this.#discovery = state;
  }

  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }

  codeVerifier() {
    return this.#verifier;
  }

  async redirectToAuthorization(url: URL) {
    this.callback = await this.#person.authorize(url);
  }
}
