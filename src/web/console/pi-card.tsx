import type { PiNode } from "../../pi/schemas/node.ts";
import type { ClusterPart, Measured } from "./overview.ts";
import { Chip, nodePath } from "./parts.tsx";
import { Vitals } from "./vitals.tsx";

const GOOD: ReadonlySet<string> = new Set(["ready", "active", "online", "running"]);
const BAD: ReadonlySet<string> = new Set(["error", "failed", "offline", "not_ready", "notready", "unreachable"]);

/** A state in the home's own word. */
export function StateChip({ status }: { status: string }) {
  const word = status.toLowerCase();
  const bad = BAD.has(word) ? "bad" : "plain";
  return <Chip tone={GOOD.has(word) ? "good" : bad}>{status}</Chip>;
}

const modelOf = ({ hardware }: PiNode) => hardware.model ?? "Model not known";

function PiCard({ homeId, measured }: { homeId: string; measured: Measured }) {
  const { node, metrics } = measured;
  return (
    <article class="card pi">
      <h3>
        <a id={`node-${node.id}`} href={nodePath(homeId, node.id)}>
          {node.name}
        </a>
      </h3>
      <p class="hint">
        <StateChip status={node.status} /> {node.role}, {modelOf(node)}
      </p>
      <Vitals metrics={metrics} />
    </article>
  );
}

/** A cluster and its Pis. */
export function ClusterView({ homeId, part }: { homeId: string; part: ClusterPart }) {
  const { cluster, nodes } = part;
  return (
    <section class="cluster">
      <h2>
        {cluster === undefined ? "Pis in no cluster" : cluster.name}{" "}
        {cluster === undefined ? null : <StateChip status={cluster.status} />}
      </h2>
      {cluster?.version == null ? null : <p class="hint">{`K3s ${cluster.version}`}</p>}
      {nodes.length === 0 ? <p class="hint">It has no nodes.</p> : null}
      <div class="cards">
        {nodes.map((measured) => (
          <PiCard homeId={homeId} measured={measured} />
        ))}
      </div>
    </section>
  );
}
