import { EXIT } from "./commands/command.ts";

/** What a systemd unit of a node is made of. */
export interface UnitParts {
  /** The command that runs the node, in full paths. */
  readonly command: readonly string[];
  readonly user: string;
  /** The node's folder, the only one that it may write to. */
  readonly folder: string;
  readonly config: string;
}

/** An argument as systemd reads it: in quotes, `%` and `$` doubled. */
const quoted = (text: string) =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$")}"`;

/** A path as systemd reads it where no quotes are taken off. */
const specified = (path: string) => path.replaceAll("%", "%%").replaceAll(" ", "\\x20");

/** The text of a systemd unit that keeps a node running, with as few rights as it needs. */
export function unitText({ command, user, folder, config }: UnitParts): string {
  return `[Unit]
Description=PiMCP node
Documentation=https://www.npmjs.com/package/pimcp
Wants=network-online.target
After=network-online.target
# It tries again for as long as it takes: the network may be gone for days.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${command.map((part) => quoted(part)).join(" ")}
ExecReload=/bin/kill -HUP $MAINPID
User=${user}
Restart=always
RestartSec=5
# The owner has ended this node, or another process has its place: starting it again does not help.
RestartPreventExitStatus=${EXIT.usage} ${EXIT.revoked} ${EXIT.replaced}
TimeoutStopSec=15

# What it may do. A plug-in that shall write somewhere else needs a line ReadWritePaths= of its own.
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=${specified(folder)}
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
CapabilityBoundingSet=
AmbientCapabilities=
UMask=0077

# Secrets for its configuration, as NAME=value, may be in a file of their own beside it.
EnvironmentFile=-${specified(config.replace(/\.json$/, ""))}.env

[Install]
WantedBy=multi-user.target
`;
}
