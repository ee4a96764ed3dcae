import type { HrTime } from '@opentelemetry/api';

/**
 * A point in time in nanoseconds of the epoch, or a duration in nanoseconds. Fractions, which an application can set, are
 * cut off. NaN and infinities count as 0.
 */
export function nanoseconds([seconds, nanos]: HrTime): bigint {
  return wholeNumber(seconds) * 1_000_000_000n + wholeNumber(nanos);
}

function wholeNumber(value: number): bigint {
  return BigInt(Number.isFinite(value) ? Math.trunc(value) : 0);
}

/** The earlier of two times. Math.min cannot take a bigint. */
export function earlier(one: bigint, other: bigint): bigint {
  if (other < one) return other;
  return one;
}

/** The later of two times. */
export function later(one: bigint, other: bigint): bigint {
  if (other > one) return other;
  return one;
}
