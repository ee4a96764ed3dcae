/** How messages state numbers of spans and traces. */

import { counted } from '../../common/text.js';

/** @param of what the spans belong to, such as ` of 2 such traces` */
export function notDelivered(spans: number, of = ''): string {
  return counted(spans, `span${of} was not delivered`, `spans${of} were not delivered`);
}

export function wait(spans: number): string {
  return counted(spans, 'span waits', 'spans wait');
}

export function withoutRecord(traces: number): string {
  return counted(traces, 'trace was left without its record', 'traces were left without their record');
}

export function withoutSpans(traces: number): string {
  return counted(
    traces,
    'trace without any span: its record arrived before an outage, and its spans were lost',
    'traces without any span: their records arrived before an outage, and their spans were lost',
  );
}

export function recordsFollow(traces: number): string {
  return counted(
    traces,
    'trace record could not be sent in time, it follows',
    'trace records could not be sent in time, they follow',
  );
}
