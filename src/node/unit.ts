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

/** As systemd reads a text where it may mean more than itself: `%` doubled. */
const plain = (text: string) => text.replaceAll("%", "%%");

/** The same in quotes. */
const quoted = (text: string) => `"${plain(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** An argument of a command, where `$` would begin a variable. */
const argument = (text: string) => quoted(text).replaceAll("$", "$$$$");

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
ExecStart=${command.map((part) => argument(part)).join(" ")}
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
ReadWritePaths=${quoted(folder)}
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
EnvironmentFile=-${plain(config.replace(/\.json$/, ""))}.env

[Install]
WantedBy=multi-user.target
`;
}
