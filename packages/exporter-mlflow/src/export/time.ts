import type { HrTime } from '@opentelemetry/api';

/** A point in time in nanoseconds of the epoch, or a duration in nanoseconds. */
export function nanoseconds([seconds, nanos]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(nanos));
}
