import type { SignIn } from "../auth/sign-in.ts";
import type { Home } from "../homes/home.ts";
import { Layout } from "./layout.tsx";
import { ACTIVITY_PATH, CONNECTIONS_PATH, CONTEXT_PATH, DOCTOR_PATH, HOMES_PATH, NODES_PATH } from "./next.ts";

interface SignInProps {
  readonly ways: Pick<SignIn, "homes" | "accounts" | "providers">;
  /** The client that wants to connect; without one, the person wants to see something here. */
  readonly clientName?: string | undefined;
  /** Where to go on afterwards: the request that was interrupted. */
  readonly next: string;
  /** Why the last attempt failed. */
  readonly problem?: string | undefined;
  /** What was tried then. */
  readonly home?: string | undefined;
  readonly username?: string | undefined;
}

function HomeChoice({ homes, home: tried }: Pick<AccountProps, "homes" | "home">) {
  const [only] = homes;
  if (homes.length === 1 && only !== undefined) return <input type="hidden" name="home" value={only.id} />;
  return (
    <div class="field">
      <label for="home">Home</label>
      <select id="home" name="home">
        {homes.map((home) => (
          <option value={home.id} selected={home.id === tried}>
            {home.name}
          </option>
        ))}
      </select>
    </div>
  );
}

interface AccountProps {
  readonly homes: readonly Home[];
  /** The home and the name that were tried. */
  readonly home?: string | undefined;
  readonly username?: string | undefined;
  /** Whether a message with the id "problem" is about these fields. Then they have the focus, so that it is read out. */
  readonly failed?: boolean;
}

/** The account that a person has at a home's pi-controller. */
export function AccountFields({ homes, home, username, failed = false }: AccountProps) {
  return (
    <>
      <HomeChoice homes={homes} home={home} />
      <div class="field">
        <label for="username">User name</label>
        <input
          id="username"
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          value={username ?? ""}
          required
          maxlength={255}
        />
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxlength={255}
          autofocus={failed}
          aria-invalid={failed ? "true" : undefined}
          aria-describedby={failed ? "problem" : undefined}
        />
      </div>
    </>
  );
}

function AccountForm({ next, ...fields }: AccountProps & Pick<SignInProps, "next">) {
  const { homes } = fields;
  return (
    <>
      <p>Use the account that you have at your home’s pi-controller.</p>
      {homes.some(({ reach }) => reach === "demo") ? (
        <p class="note">
          The demo home’s accounts: viewer / viewer-demo, operator / operator-demo, admin / admin-demo.
        </p>
      ) : null}
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value={next} />
        <AccountFields {...fields} />
        <button class="primary" type="submit">
          Sign in
        </button>
      </form>
    </>
  );
}

/** An account at a home that did not work. */
export interface Tried {
  readonly home: string;
  readonly username: string;
}

interface FurtherProps {
  readonly further: readonly Home[];
  readonly next: string;
  readonly tried?: Tried | undefined;
}

/** Offers to sign in to one more home, and to stay who one is. */
export function FurtherHome({ further, next, tried }: FurtherProps) {
  const [first] = further;
  if (first === undefined) return null;
  return (
    <details class="further" open={tried !== undefined}>
      <summary>Sign in to {further.length === 1 ? `${first.name}, too` : "a further home"}</summary>
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value={next} />
        <input type="hidden" name="further" value="yes" />
        <AccountFields homes={further} {...tried} failed={tried !== undefined} />
        <button type="submit">Add this home</button>
      </form>
    </details>
  );
}

function ProviderLinks({ providers, next }: Pick<SignIn, "providers"> & { next: string }) {
  return (
    <ul class="ways">
      {providers.map(({ id, name }) => (
        <li>
          <a class="button" href={`/sign-in/${id}?next=${encodeURIComponent(next)}`}>
            Sign in with {name}
          </a>
        </li>
      ))}
    </ul>
  );
}

/** What a person signs in for if it is not for a client. */
const PURPOSES: Readonly<Record<string, string>> = {
  [CONNECTIONS_PATH]: "Sign in to see which AI clients act for you.",
  [HOMES_PATH]: "Sign in to see your homes.",
  [ACTIVITY_PATH]: "Sign in to see what was done at your home.",
  [CONTEXT_PATH]: "Sign in to read the notes of your home.",
  [NODES_PATH]: "Sign in to see which machines offer tools to your home.",
  [DOCTOR_PATH]: "Sign in to see what is broken on the way to your home.",
};

/** By the first part of the path that is asked for. */
function purposeOf(next: string): string {
  const [place = ""] = /^\/[a-z]+/.exec(next) ?? [];
  return PURPOSES[place] ?? "What was left here is for one person.";
}

/** Offers the ways to sign in. */
export function SignInPage({ ways, clientName, next, problem, home, username }: SignInProps) {
  const { homes, accounts, providers } = ways;
  // Else it is a provider that failed, and there is no field to mend.
  const failed = problem !== undefined && username !== undefined;
  const [only] = homes;
  return (
    <Layout title={problem === undefined ? "Sign in" : "Not signed in"}>
      <h1>Sign in to {homes.length === 1 && only !== undefined ? only.name : "your home"}</h1>
      <p>
        {clientName === undefined ? (
          purposeOf(next)
        ) : (
          <>
            <strong>{clientName}</strong> wants to connect.
          </>
        )}
      </p>
      {problem === undefined ? null : (
        <p class="problem" role="alert" id="problem" tabindex={-1} autofocus={!failed}>
          {problem}
        </p>
      )}
      {providers.length === 0 ? null : <ProviderLinks providers={providers} next={next} />}
      {accounts ? <AccountForm {...{ homes, next, failed, home, username }} /> : null}
    </Layout>
  );
}
