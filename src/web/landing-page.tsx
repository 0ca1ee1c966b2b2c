import { isLoopback } from "../lib/hosts.ts";
import { ClientSteps } from "./client-steps.tsx";
import { Layout, type Signed } from "./layout.tsx";
import { ACTIVITY_PATH, CONNECTIONS_PATH, CONTEXT_PATH, DOCTOR_PATH, HOMES_PATH, NODES_PATH } from "./next.ts";

/** What does not reach a gateway that runs on the reader's own computer. */
function LocalNote() {
  return (
    <p class="note">
      This gateway runs on this computer, so only programs on this computer reach it. <strong>Claude.ai cannot</strong>:
      it is a service in the cloud, and so are the connectors of Claude Desktop and of the mobile apps. For them, deploy
      PiMCP to Cloudflare and add the address that it has there.
    </p>
  );
}

interface PageProps {
  readonly mcpUrl: string;
  /** Whoever has signed in. */
  readonly signed?: Signed | undefined;
}

/** What this is, the one URL that people add to their AI client, and the way to what they can see here. */
export function LandingPage({ mcpUrl, signed }: PageProps) {
  const localOnly = isLoopback(new URL(mcpUrl).hostname);
  return (
    <Layout title="Welcome" signed={signed} live>
      <h1>An AI for the Raspberry Pis in your home</h1>
      <p>
        PiMCP lets an AI operate your Raspberry Pi clusters: it looks after clusters and nodes, and switches real
        hardware on real pins. You decide what it may do.
      </p>
      <h2>Connect your AI client</h2>
      <p>Add this address as a remote MCP server:</p>
      <div class="copy">
        <pre>{mcpUrl}</pre>
        <button type="button" class="small" data-copy={mcpUrl} hidden>
          Copy the address
        </button>
      </div>
      {localOnly ? <LocalNote /> : null}
      <ClientSteps {...{ mcpUrl, localOnly }} />
      <p>The client sends you back here once, to sign in and to choose what it may do.</p>
      <h2>See for yourself</h2>
      <ul class="places">
        <li>
          <a href={HOMES_PATH}>Your homes</a>: clusters, Pis and their pins, and the button that stops all changes
        </li>
        <li>
          <a href={ACTIVITY_PATH}>Activity</a>: what was done or refused, by whom, through which AI client
        </li>
        <li>
          <a href={NODES_PATH}>Nodes</a>: machines of your own that offer tools, and what they may do
        </li>
        <li>
          <a href={CONTEXT_PATH}>Notes</a>: what people, AI clients and nodes of your home tell each other
        </li>
        <li>
          <a href={CONNECTIONS_PATH}>Connections</a>: which AI clients act for you; end what you no longer want
        </li>
        <li>
          <a href={DOCTOR_PATH}>Doctor</a>: where the way to your home is broken, if it is
        </li>
      </ul>
    </Layout>
  );
}
