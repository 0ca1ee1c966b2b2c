import { Layout } from "./layout.tsx";

/** What this is, and the one URL that people add to their AI client. */
export function LandingPage({ mcpUrl }: { mcpUrl: string }) {
  return (
    <Layout title="Welcome">
      <h1>PiMCP</h1>
      <p>Lets an AI operate the Raspberry Pi clusters of your home: clusters, nodes and the pins of real hardware.</p>
      <h2>Connect your AI client</h2>
      <p>
        Add this address as a remote MCP server (a “custom connector”): <output>{mcpUrl}</output>
      </p>
      <ul>
        <li>Claude.ai and Claude Desktop: Settings → Connectors → Add custom connector.</li>
        <li>
          Claude Code: <code>{`claude mcp add --transport http pimcp ${mcpUrl}`}</code>
        </li>
      </ul>
      <p>The client sends you back here once, to sign in and to choose what it may do.</p>
    </Layout>
  );
}
