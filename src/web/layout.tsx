import { raw } from "hono/html";
import type { Child, PropsWithChildren } from "hono/jsx";
import { LIVE_PATH } from "./console/live.ts";
import { ICON_PATH } from "./icon.ts";
import { ACTIVITY_PATH, CONNECTIONS_PATH, CONTEXT_PATH, DOCTOR_PATH, HOMES_PATH, NODES_PATH } from "./next.ts";

/** Where signed-in people can go, in the order of the navigation. */
const PLACES: readonly (readonly [path: string, name: string])[] = [
  [HOMES_PATH, "Homes"],
  [NODES_PATH, "Nodes"],
  [ACTIVITY_PATH, "Activity"],
  [CONTEXT_PATH, "Notes"],
  [CONNECTIONS_PATH, "Connections"],
  [DOCTOR_PATH, "Doctor"],
];

/** Where people end their sign-in. */
export const SIGN_OUT_PATH = "/sign-out";

/** Who is signed in, and where they are. */
export interface Signed {
  readonly who: string;
  /** The path of the place that the page belongs to. */
  readonly here: string;
}

interface LayoutProps {
  readonly title: string;
  /** Shows the navigation; absent where nobody is signed in, or something else is to be decided first. */
  readonly signed?: Signed | undefined;
  /** Whether the page needs more room than text does. */
  readonly wide?: boolean;
  /** Whether the page has parts that the script keeps up to date. */
  readonly live?: boolean;
}

function Navigation({ who, here }: Signed) {
  return (
    <>
      <nav aria-label="Places">
        <ul>
          {PLACES.map(([path, name]) => (
            <li>
              <a href={path} aria-current={path === here ? "page" : undefined}>
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <form class="sign-out" method="post" action={SIGN_OUT_PATH}>
        <span>{who}</span>
        <button type="submit">Sign out</button>
      </form>
    </>
  );
}

/** Leads to the front page, but not away from a sign-in or a decision. */
function Brand({ isLink }: { isLink: boolean }) {
  const inner = (
    <>
      <img src={ICON_PATH} alt="" width={28} height={28} />
      PiMCP
    </>
  );
  return isLink ? (
    <a class="brand" href="/">
      {inner}
    </a>
  ) : (
    <span class="brand">{inner}</span>
  );
}

/** The frame of every page. */
export function Layout({ title, signed, wide = false, live = false, children }: PropsWithChildren<LayoutProps>) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{`${title} – PiMCP`}</title>
          <link rel="icon" type="image/svg+xml" href={ICON_PATH} />
          <link rel="stylesheet" href="/style.css" />
          {live ? <script src={LIVE_PATH} defer></script> : null}
        </head>
        <body class={wide || signed !== undefined ? "wide" : undefined}>
          {signed === undefined ? null : (
            <a class="skip" href="#main">
              Skip to the content
            </a>
          )}
          <header>
            <Brand isLink={signed !== undefined} />
            {signed === undefined ? null : <Navigation {...signed} />}
          </header>
          <main id="main" class={wide ? "wide" : undefined}>
            {children}
          </main>
        </body>
      </html>
    </>
  );
}

/** The page for forms and answers that do not belong to this browser, or no longer. */
export function StartAgainPage() {
  return (
    <ProblemPage
      title="Start again"
      message="This page is too old, was answered already, or was opened in another browser."
      next="Go back to your AI client and connect again."
    />
  );
}

interface ProblemProps {
  readonly title: string;
  readonly message: string;
  readonly next: Child;
  readonly signed?: Signed | undefined;
}

/** A page that says what went wrong and what to do. */
export function ProblemPage({ title, message, next, signed }: ProblemProps) {
  return (
    <Layout title={title} signed={signed}>
      <h1>{title}</h1>
      <p class="problem" role="alert">
        {message}
      </p>
      <p>{next}</p>
    </Layout>
  );
}
