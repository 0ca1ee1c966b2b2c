import { createServer } from "node:http";
import type { McpUiHostCapabilities, McpUiHostContext } from "@modelcontextprotocol/ext-apps";
import { build } from "esbuild";
import type { Browser, Frame, Page } from "playwright-core";
import { type Visitor, visitor } from "./chromium.ts";

/**
 * A host of MCP Apps, as far as a view meets one: the official bridge of ext-apps in a page, and the view in a frame
 * of another origin, under the Content-Security-Policy that the specification has for views that declare no domain.
 */

const HOST_SCRIPT = `
import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";

const frame = document.querySelector("iframe");
let bridge;
globalThis.heights = [];
globalThis.told = [];

globalThis.begin = async ({ context, capabilities }) => {
  bridge = new AppBridge(null, { name: "Test host", version: "1.0.0" }, capabilities, { hostContext: context });
  bridge.oncalltool = async (params) => {
    const { result, error } = await globalThis.callTool(params);
    if (error !== undefined) throw new Error(error);
    return result;
  };
  bridge.onupdatemodelcontext = async ({ content }) => { globalThis.told.push(content[0].text); return {}; };
  bridge.addEventListener("sizechange", ({ height }) => {
    globalThis.heights.push(height);
    frame.style.height = height + "px";
  });
  const initialized = new Promise((resolve) => bridge.addEventListener("initialized", resolve));
  frame.src = "/view";
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  await initialized;
};
globalThis.input = (args) => bridge.sendToolInput({ arguments: args });
globalThis.answer = (result) => bridge.sendToolResult(result);
globalThis.change = (context) => bridge.sendHostContextChange(context);
globalThis.teardown = () => bridge.teardownResource({});
`;

const HOST_PAGE = `<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">
<style>:root { color-scheme: light dark } body { margin: 0; background: light-dark(#fff, #1f1e1d) }
iframe { display: block; width: 100%; height: 100px; border: 0 }</style>
<iframe sandbox="allow-scripts" title="View"></iframe><script src="/host.js"></script></html>`;

const VIEW_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' data:; connect-src 'none'";

/** A tool's result, as a host passes it on. */
export type Result = Readonly<Record<string, unknown>>;

export interface Asked {
  readonly name: string;
  readonly arguments?: Record<string, unknown>;
}

/** What the server answers to a view's call; what is thrown, the host says is an error. */
export type CallTool = (asked: Asked) => Promise<Result>;

/** One conversation in which a view is shown. */
export interface Shown extends Visitor {
  /** The view itself. */
  readonly view: Frame;
  /** Tells it how the tool was called, and what it answered. */
  answered(args: Result, result: Result): Promise<void>;
  answer(result: Result): Promise<void>;
  readonly change: (context: Result) => Promise<void>;
  /** Whether it agrees to be taken down. */
  teardown(): Promise<unknown>;
  /** Every height that it asked for, in pixels. */
  readonly heights: () => Promise<number[]>;
  /** What it left for the model. */
  told(): Promise<string[]>;
}

/** What the host passes on for a view. */
export type HostCan = McpUiHostCapabilities;

interface Wish {
  readonly html: string;
  readonly callTool?: CallTool;
  readonly context?: McpUiHostContext;
  readonly capabilities?: HostCan;
}

export interface Host {
  readonly url: string;
  show(browser: Browser, wish: Wish): Promise<Shown>;
  close(): Promise<void>;
}

const noCalls: CallTool = () => Promise.reject(new Error("nothing is called here"));
const ALL = { serverTools: {}, updateModelContext: { text: {} } };

async function expose(page: Page, callTool: CallTool): Promise<void> {
  await page.exposeFunction("callTool", async (asked: Asked) => {
    try {
      return { result: await callTool(asked) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : "failed" };
    }
  });
}

/** In the page; text, because it knows other names than Node.js. */
const run = (page: Page, name: string, value: unknown) => page.evaluate(`${name}(${JSON.stringify(value)})`);

export async function startHost(): Promise<Host> {
  const bundled = await build({
    stdin: { contents: HOST_SCRIPT, resolveDir: import.meta.dirname, loader: "js" },
    bundle: true,
    format: "iife",
    write: false,
    logLevel: "error",
  });
  const script = bundled.outputFiles[0]?.text ?? "";
  let html = "";
  const server = createServer((request, response) => {
    response.setHeader("content-type", request.url === "/host.js" ? "text/javascript" : "text/html; charset=utf-8");
    if (request.url === "/view") response.setHeader("content-security-policy", VIEW_POLICY);
    response.end(request.url === "/view" ? html : request.url === "/host.js" ? script : HOST_PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;

  return {
    url,
    async show(browser, { callTool = noCalls, context = {}, capabilities = ALL, ...wish }) {
      html = wish.html;
      const person = await visitor(browser, url);
      const { page } = person;
      await expose(page, callTool);
      await page.goto(url);
      await run(page, "begin", { context, capabilities });
      const view = page.frames().find((frame) => frame !== page.mainFrame());
      if (view === undefined) throw new Error("the host shows no view");
      const answer = async (result: Result) => {
        await run(page, "answer", result);
      };
      return {
        ...person,
        view,
        answer,
        async answered(args, result) {
          await run(page, "input", args);
          await answer(result);
        },
        change: async (changed) => {
          await run(page, "change", changed);
        },
        teardown: () => page.evaluate("teardown()"),
        heights: () => page.evaluate<number[]>("heights"),
        told: () => page.evaluate<string[]>("told"),
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
