/** One thing that was done, or refused, at a home: plain words, never a value that may be secret. */
export interface Activity {
  /** The person's name; "PiMCP" for what an alarm did. */
  readonly who: string;
  /** The OAuth client that acted for them. */
  readonly client: string;
  /** "reserved", "drove to LOW (0)". */
  readonly what: string;
  /** "GPIO device 15". */
  readonly subject: string;
  /** "ok", or why not. */
  readonly outcome: string;
}

/** Writes down what is done at one home. */
export interface ActivityLog {
  record(activity: Activity): Promise<void>;
}
