import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { isRecord, parseJson } from '../common/json.js';
import type { Outcome } from '../http/outcome.js';

/**
 * What an OTLP server says about spans it takes with status 200, by
 * https://opentelemetry.io/docs/specs/otlp/#partial-success-1. MLflow itself says nothing; a gateway before it may.
 */
export interface PartialSuccess {
  /** How many it rejected, without saying which. They must not be sent again. 0 for a mere warning. */
  rejected: number;
  message: string;
}

/** `undefined` when it took all of them and has nothing to say, or when it does not speak OTLP. */
export function readPartialSuccess(outcome: Outcome): PartialSuccess | undefined {
  if (outcome.kind !== 'success' || !outcome.bytes?.byteLength) return undefined;
  const partial = decode(outcome.bytes, outcome.contentType);
  if (!isRecord(partial)) return undefined;
  // In JSON, a number of 64 bits is text.
  const rejected = Math.max(Number(partial['rejectedSpans']) || 0, 0);
  const message = typeof partial['errorMessage'] === 'string' ? partial['errorMessage'] : '';
  return rejected > 0 || message !== '' ? { rejected, message } : undefined;
}

function decode(answer: Uint8Array, contentType: string): unknown {
  if (/^application\/json/i.test(contentType)) {
    const parsed = parseJson(new TextDecoder().decode(answer));
    return isRecord(parsed) ? parsed['partialSuccess'] : undefined;
  }
  if (!/^application\/x-protobuf/i.test(contentType)) return undefined;
  try {
    return ProtobufTraceSerializer.deserializeResponse(answer).partialSuccess;
  } catch {
    return undefined;
  }
}
