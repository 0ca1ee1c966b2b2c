/**
 * One view of MCP Apps: an HTML document that a host may show in place of a tool's answer, drawn from that answer's
 * `structuredContent`. A tool names its view; whoever may call one of a view's tools may read the view.
 */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly uri: ViewUri;
  /** A whole document that loads nothing: style and script are in it. */
  readonly html: string;
}

export type ViewUri = `ui://pimcp/${string}`;
