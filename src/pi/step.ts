/** How the controller logs in to a Pi. A secret when it holds a password: never logged, never echoed. */
export interface SshConfig {
  readonly username?: string | undefined;
  readonly port?: number | undefined;
  /** On the controller's disk. */
  readonly private_key_path?: string | undefined;
  readonly password?: string | undefined;
  readonly use_agent?: boolean | undefined;
}

export type NodeRole = "master" | "worker";

/** One upstream request of an operation. It is sent at most once, whatever happens. */
export type Step =
  | {
      readonly kind: "provision_cluster";
      readonly cluster_id: number;
      readonly master_node_id: number;
      readonly worker_node_ids: readonly number[];
      readonly k3s_version?: string | undefined;
      readonly ssh_config: SshConfig;
    }
  | {
      readonly kind: "scale_cluster";
      readonly cluster_id: number;
      /** Masters count too. */
      readonly node_count: number;
      /** How many there were, by the controller's count; tells growing from shrinking. */
      readonly nodes_before?: number | undefined;
      readonly ssh_config: SshConfig;
    }
  | {
      readonly kind: "provision_node";
      readonly node_id: number;
      readonly role: NodeRole;
      readonly join_token?: string | undefined;
      readonly ssh_config: SshConfig;
    }
  | { readonly kind: "deprovision_node"; readonly node_id: number; readonly ssh_config: SshConfig };

type WithoutSecrets<Each> = Each extends Step ? Omit<Each, "ssh_config" | "join_token"> : never;

/** What a step is about, without its secrets: enough to ask for its outcome. */
export type StepTarget = WithoutSecrets<Step>;

/** How far one node of a cluster's step is. */
export interface NodeReport {
  readonly node_id: number;
  readonly phase: "done" | "failed" | "unknown";
  readonly message: string;
}

/** How far a step is, with its nodes if it has several. `message` is fit for a person; redacted. */
export interface StepReport<Phase extends string> {
  readonly phase: Phase;
  readonly message: string;
  readonly nodes: readonly NodeReport[];
}

/** `cut_off`: the request was lost on the way, so the home must be asked for the outcome. */
export type StepEnd = StepReport<"done" | "failed" | "cut_off">;

/** `unknown`: the home will never be able to tell. */
export type StepOutcome = StepReport<"done" | "failed" | "unknown" | "pending">;
