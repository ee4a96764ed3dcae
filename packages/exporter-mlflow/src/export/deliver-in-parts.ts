import type { Room } from '../common/room.js';
import type { ReadableSpan } from '../common/sdk-types.js';
import { type Failure, OUT_OF_TIME } from '../http/exchange/outcome.js';
import { optional } from '../mlflow/rest.js';
import type { Delivery } from './deliver.js';
import { divide } from './span/divide.js';
import type { Holder } from './waiting/holder.js';
import type { DeliveryResult } from './ways/result.js';

interface PartsOptions {
  /** On the clock of `runningTime()`, for all parts together. */
  deadline: number;
  /** Limits what is prepared and serialized at the same time, of all exports. */
  room: Room;
  holder?: Holder | undefined;
}

/**
 * Delivers the spans of one export in parts of limited size, one after the other. After an outage it does not try the
 * remaining parts. Never rejects.
 */
export async function deliverInParts(
  delivery: Delivery,
  spans: readonly ReadableSpan[],
  { deadline, room, holder }: PartsOptions,
): Promise<DeliveryResult> {
  const unsent: ReadableSpan[] = [];
  let [lost, leftOut, withoutRoot] = [0, 0, 0];
  let failure: Failure | undefined;
  let refusal: Failure | undefined;
  for (const { part, bytes } of divide(spans)) {
    if (unsent.length > 0 || !(await room.take(bytes, deadline))) {
      failure ??= OUT_OF_TIME;
      for (const span of part) unsent.push(span);
      continue;
    }
    holder?.sending(part);
    const result = await delivery
      .deliver(part, deadline)
      .catch((error: unknown) => delivery.fail(part, error))
      .finally(() => room.free(bytes));
    lost += result.lost;
    leftOut += result.leftOut ?? 0;
    withoutRoot += result.withoutRoot ?? 0;
    failure = result.failure ?? failure;
    refusal ??= result.refusal;
    for (const span of originals(result.unsent, part)) unsent.push(span);
  }
  return { lost, leftOut, withoutRoot, unsent, ...optional('failure', failure), ...optional('refusal', refusal) };
}

/** The spans that were handed over for these, which are copies in part. */
function originals(prepared: readonly ReadableSpan[], handedOver: readonly ReadableSpan[]): ReadableSpan[] {
  if (prepared.length === 0) return [];
  const ids = new Set(prepared.map(idOf));
  return handedOver.filter((span) => ids.has(idOf(span)));
}

/** Undefined for a span that cannot be read. */
function idOf(span: ReadableSpan): string | undefined {
  try {
    const { traceId, spanId } = span.spanContext();
    return traceId + spanId;
  } catch {
    return undefined;
  }
}
