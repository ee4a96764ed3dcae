import type { JsonObject } from '../../../json.js';
import type { StreamEvent } from '../../../types.js';

/** Collects the events of a stream, each for the time at which it is due. */
export interface Timeline {
  readonly events: StreamEvent[];
  /** The time that has passed, in milliseconds since 1970. */
  now(): number;
  /** Lets time pass for some work. Returns the metadata of the work. */
  spend(milliseconds: number, clientRequestId?: string): JsonObject;
  add(type: string, payload: JsonObject, messageType?: StreamEvent['messageType']): void;
}

export function createTimeline(start: number): Timeline {
  const events: StreamEvent[] = [];
  let now = start;
  let sent = start;
  return {
    events,
    now: () => now,
    spend(milliseconds, clientRequestId) {
      const startTime = toTime(now);
      now += milliseconds;
      const times = { startTime, endTime: toTime(now), totalTimeMs: milliseconds };
      return clientRequestId === undefined ? times : { ...times, clientRequestId };
    },
    add(type, payload, messageType = 'event') {
      events.push({ type, messageType, payload, pause: now - sent });
      sent = now;
    },
  };
}

/** The service's times have nanoseconds. */
export function toTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000000Z');
}
