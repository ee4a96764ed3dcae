import { BinaryReader } from '@bufbuild/protobuf/wire';
import { isRecord, parseJson } from '../common/json.js';
import type { ShownText } from '../common/shown-text.js';
import type { Success } from '../http/exchange/outcome.js';

/**
 * Parts of an answer with status 200, by https://opentelemetry.io/docs/specs/otlp/#partial-success-1. MLflow itself
 * never sends them, but a gateway before it may.
 */
export interface PartialSuccess {
  /** How many spans the server rejected, without saying which. They must not be sent again. 0 for a mere warning. */
  rejected: number;
  message: ShownText;
}

/** Undefined if the server took all spans and has nothing to say, or if it does not speak OTLP. */
export function readPartialSuccess(
  { bytes, contentType }: Success,
  show: (text: string) => ShownText,
): PartialSuccess | undefined {
  if (!bytes?.byteLength) return undefined;
  const partial = decode(bytes, contentType);
  if (!isRecord(partial)) return undefined;
  // In JSON, a number of 64 bits is text.
  const rejected = Math.max(Number(partial['rejectedSpans']) || 0, 0);
  const message = show(typeof partial['errorMessage'] === 'string' ? partial['errorMessage'] : '');
  return rejected > 0 || message !== '' ? { rejected, message } : undefined;
}

function decode(answer: Uint8Array, contentType: string): unknown {
  if (/^application\/json/i.test(contentType)) {
    const parsed = parseJson(new TextDecoder().decode(answer));
    return isRecord(parsed) ? parsed['partialSuccess'] : undefined;
  }
  if (!/^application\/x-protobuf/i.test(contentType)) return undefined;
  try {
    return decodePartialSuccess(answer);
  } catch {
    return undefined;
  }
}

/** @throws Error if the bytes are no whole message of OTLP's `ExportTraceServiceResponse` */
function decodePartialSuccess(answer: Uint8Array): unknown {
  const reader = new BinaryReader(answer);
  let partial: { rejectedSpans: number; errorMessage: string } | undefined;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field !== 1) {
      reader.skip(wireType, field);
      continue;
    }
    partial ??= { rejectedSpans: 0, errorMessage: '' };
    const end = reader.uint32() + reader.pos;
    while (reader.pos < end) {
      const [member, type] = reader.tag();
      if (member === 1) partial.rejectedSpans = Number(reader.int64());
      else if (member === 2) partial.errorMessage = reader.string();
      else reader.skip(type, member);
    }
  }
  return partial;
}
