import { raw } from "hono/html";
import type { Child, PropsWithChildren } from "hono/jsx";
import { ICON_PATH } from "./icon.ts";

/** The frame of every page. */
export function Layout({ title, children }: PropsWithChildren<{ title: string }>) {
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
        </head>
        <body>
          <header>
            <img src={ICON_PATH} alt="" width={28} height={28} />
            PiMCP
          </header>
          <main>{children}</main>
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

/** A page that says what went wrong and what to do. */
export function ProblemPage({ title, message, next }: { title: string; message: string; next: Child }) {
  return (
    <Layout title={title}>
      <h1>{title}</h1>
      <p class="problem" role="alert">
        {message}
      </p>
      <p>{next}</p>
    </Layout>
  );
}
