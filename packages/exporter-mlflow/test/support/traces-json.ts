import type { ReadableSpan } from '../../src/common/sdk-types.js';
import { finish } from '../../src/common/slices.js';
import { encodeSpans, joinSpans } from '../../src/export/files/encode-spans.js';

/** The file `traces.json` with these spans. */
export function tracesJson(spans: readonly ReadableSpan[]): string {
  return joinSpans(finish(encodeSpans(spans))).toString();
}
