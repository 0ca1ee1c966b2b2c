/** A token bucket: so much at once, and so much over time. */
export interface Bucket {
  readonly tokens: number;
  /** When `tokens` was counted, in milliseconds since 1970. */
  readonly at: number;
}

export interface BucketSize {
  readonly capacity: number;
  readonly perSecond: number;
}

export const fullBucket = ({ capacity }: BucketSize, now: number): Bucket => ({ tokens: capacity, at: now });

function filled({ tokens, at }: Bucket, { capacity, perSecond }: BucketSize, now: number): Bucket {
  // A clock that went back gives nothing, and takes nothing.
  const seconds = Math.max(0, now - at) / 1000;
  return { tokens: Math.min(capacity, tokens + seconds * perSecond), at: now };
}

/** The bucket after that much was taken; `undefined` if it does not hold so much. */
export function take(bucket: Bucket, size: BucketSize, cost: number, now: number): Bucket | undefined {
  const { tokens, at } = filled(bucket, size, now);
  return tokens < cost ? undefined : { tokens: tokens - cost, at };
}

/** The bucket after that much was given back. */
export function giveBack(bucket: Bucket, { capacity }: BucketSize, cost: number): Bucket {
  return { ...bucket, tokens: Math.min(capacity, bucket.tokens + cost) };
}
