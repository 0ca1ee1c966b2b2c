import { raw } from "hono/html";
import type { PropsWithChildren } from "hono/jsx";

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
          <link rel="stylesheet" href="/style.css" />
        </head>
        <body>
          <main>{children}</main>
        </body>
      </html>
    </>
  );
}

/** A page that says what went wrong and what to do. */
export function ProblemPage({ title, message, next }: { title: string; message: string; next: string }) {
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
