import type { Child } from "hono/jsx";

/** What to do in each AI client, as `docs/clients.md` tells at length. */

const json = (value: object) => JSON.stringify(value, null, 2);

interface StepsProps {
  readonly mcpUrl: string;
}

interface Client {
  readonly name: string;
  /** Whether it runs on the reader's computer, and so reaches a gateway there. */
  readonly local: boolean;
  readonly steps: (mcpUrl: string) => Child;
}

const CLIENTS: readonly Client[] = [
  {
    name: "Claude.ai, Claude Desktop and the mobile apps",
    local: false,
    steps: () => (
      <ol>
        <li>
          Settings → Connectors → Add custom connector. On a Team or Enterprise plan an owner does this under
          Organization settings.
        </li>
        <li>Give it a name, and the address above; the advanced settings stay empty.</li>
        <li>Connect: sign in here, and allow.</li>
        <li>In a chat: the tools menu → PiMCP.</li>
      </ol>
    ),
  },
  {
    name: "Claude Code",
    local: true,
    steps: (mcpUrl) => (
      <>
        <pre>{`claude mcp add --transport http pimcp ${mcpUrl}`}</pre>
        <p>Then in a session: /mcp → pimcp → Authenticate.</p>
      </>
    ),
  },
  {
    name: "ChatGPT",
    local: false,
    steps: () => (
      <ol>
        <li>Settings → Connectors (on newer plans Apps) → Advanced → Developer mode: on.</li>
        <li>Create: a name, the address above, authentication OAuth.</li>
        <li>Create, sign in here, allow. In a chat: + → Developer mode → PiMCP.</li>
      </ol>
    ),
  },
  {
    name: "VS Code",
    local: true,
    steps: (mcpUrl) => (
      <>
        <p>Command palette → “MCP: Add Server” → HTTP, or in .vscode/mcp.json:</p>
        <pre>{json({ servers: { pimcp: { type: "http", url: mcpUrl } } })}</pre>
      </>
    ),
  },
  {
    name: "Cursor",
    local: true,
    steps: (mcpUrl) => (
      <>
        <p>In ~/.cursor/mcp.json, or .cursor/mcp.json of a project:</p>
        <pre>{json({ mcpServers: { pimcp: { url: mcpUrl } } })}</pre>
        <p>Settings → MCP shows it with “Needs login”.</p>
      </>
    ),
  },
  {
    name: "MCP Inspector",
    local: true,
    steps: (mcpUrl) => <pre>{`npx @modelcontextprotocol/inspector --transport http --server-url ${mcpUrl}`}</pre>,
  },
  {
    name: "A client that only starts programs",
    local: true,
    steps: (mcpUrl) => (
      <pre>
        {json({
          mcpServers: {
            pimcp: { command: "npx", args: ["-y", "mcp-remote@^0.1.16", mcpUrl, "--transport", "http-only"] },
          },
        })}
      </pre>
    ),
  },
  {
    name: "Any other MCP client",
    local: true,
    steps: () => <p>Add the address as a server over Streamable HTTP.</p>,
  },
];

/** What to do in each client that reaches the gateway. @param localOnly whether only programs on this computer do */
export function ClientSteps({ mcpUrl, localOnly }: StepsProps & { localOnly: boolean }) {
  return (
    <>
      {CLIENTS.filter(({ local }) => local || !localOnly).map(({ name, steps }, index) => (
        <details class="steps-of" open={index === 0}>
          <summary>{name}</summary>
          {steps(mcpUrl)}
        </details>
      ))}
    </>
  );
}
