/** Values that a person may see once, and a model never. */
export interface OneTimeSecrets {
  /**
   * Keeps a value for ten minutes.
   * @param label what it is, for the page: "private key of node-1.cluster.local"
   * @returns the address of a sign-in-protected page that shows it once
   */
  keep(label: string, value: string): Promise<{ url: string; expires_at: string }>;
}
