import { isLoopback } from "../lib/hosts.ts";
import { Layout } from "./layout.tsx";
import { CONNECTIONS_PATH, NODES_PATH } from "./next.ts";

function ClaudeCode({ mcpUrl }: { mcpUrl: string }) {
  return (
    <>
      <dt>Claude Code</dt>
      <dd>
        <pre>{`claude mcp add --transport http pimcp ${mcpUrl}`}</pre>
      </dd>
    </>
  );
}

/** What reaches a gateway that runs on the reader's own computer, and what does not. */
function LocalClients({ mcpUrl }: { mcpUrl: string }) {
  return (
    <>
      <p class="note">
        This gateway runs on this computer, so only programs on this computer reach it.{" "}
        <strong>Claude.ai cannot</strong>: it is a service in the cloud, and so are the connectors of Claude Desktop and
        of the mobile apps. For them, deploy PiMCP to Cloudflare and add the address that it has there.
      </p>
      <dl>
        <ClaudeCode mcpUrl={mcpUrl} />
        <dt>MCP Inspector</dt>
        <dd>
          <pre>{`npx @modelcontextprotocol/inspector --transport http --server-url ${mcpUrl}`}</pre>
        </dd>
        <dt>Any other MCP client on this computer</dt>
        <dd>Add the address as a server over Streamable HTTP.</dd>
      </dl>
    </>
  );
}

function PublicClients({ mcpUrl }: { mcpUrl: string }) {
  return (
    <dl>
      <dt>Claude.ai and Claude Desktop</dt>
      <dd>Settings → Connectors → Add custom connector.</dd>
      <ClaudeCode mcpUrl={mcpUrl} />
      <dt>Any other MCP client</dt>
      <dd>Add the address as a server over Streamable HTTP.</dd>
    </dl>
  );
}

/** What this is, and the one URL that people add to their AI client. */
export function LandingPage({ mcpUrl }: { mcpUrl: string }) {
  return (
    <Layout title="Welcome">
      <h1>An AI for the Raspberry Pis in your home</h1>
      <p>
        PiMCP lets an AI operate your Raspberry Pi clusters: it looks after clusters and nodes, and switches real
        hardware on real pins. You decide what it may do.
      </p>
      <h2>Connect your AI client</h2>
      <p>Add this address as a remote MCP server:</p>
      <pre>{mcpUrl}</pre>
      {isLoopback(new URL(mcpUrl).hostname) ? <LocalClients mcpUrl={mcpUrl} /> : <PublicClients mcpUrl={mcpUrl} />}
      <p>The client sends you back here once, to sign in and to choose what it may do.</p>
      <h2>Already connected?</h2>
      <p>
        <a href={CONNECTIONS_PATH}>See which AI clients act for you</a>, and end what you no longer want.
      </p>
      <h2>Machines of your own</h2>
      <p>
        <a href={NODES_PATH}>Let machines at home or elsewhere offer tools</a>, and decide what they may do.
      </p>
    </Layout>
  );
}
