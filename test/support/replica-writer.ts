import process from "node:process";
import { createReplica } from "../../src/node/context/replica.ts";
import { openReplicaFile } from "../../src/node/context/replica-file.ts";

/** Writes to a replica's file as fast as it can, and prints the id of each write that is kept, until it is killed. */
const [path = "", prefix = "w", most = "100000"] = process.argv.slice(2);
const replica = createReplica(openReplicaFile(path));
for (let count = 0; count < Number(most); count += 1) {
  const value = JSON.stringify(`${prefix}${count}`);
  const outcome = replica.write({ key: `load/${prefix}${count % 7}`, action: "put", value, via: null }, Date.now());
  if (outcome.kind === "queued") process.stdout.write(`${outcome.id} ${prefix}${count}\n`);
}
