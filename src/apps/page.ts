import { HOST } from "./host.ts";
import { LOOK } from "./look.ts";

/**
 * The views' style and script are text in TypeScript modules, and a document is put together when the program starts:
 * so they are in the Worker, in the bundle for Node and in tests alike, without a build step and without a loader that
 * each of these tools would have to be told of. Scripts are JavaScript with JSDoc types, which a test checks strictly;
 * as they are text here, they use no backticks.
 */

/** What differs from view to view. */
export interface Page {
  /** Said by screen readers when they enter the view. */
  readonly title: string;
  readonly style: string;
  /** What is shown until the answer comes, and filled in then. */
  readonly body: string;
  /** Runs after `HOST`, in one scope with it. */
  readonly script: string;
}

/** The same as hosts enforce for a view that declares no domain: nothing is loaded from anywhere. */
const CSP =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The script of a page, as it runs. */
export const scriptOf = ({ script }: Page) => `"use strict";\n${HOST}\n${script}`;

/** A whole document. */
export const htmlOf = (page: Page) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CSP}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<style>${LOOK}${page.style}</style>
</head>
<body>
${page.body}
<script>
(() => {
${scriptOf(page)}
})();
</script>
</body>
</html>
`;

/** Data as an expression of a script. */
export const literal = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");
