/** Puts marked texts into the requests and answers of exchanges. */

import type { ReplayedExchange } from './exchanges.js';

/** What every canary contains. */
export const CANARY = /canary/i;

/** Members whose words decide how the rest is read. */
const DISCRIMINATORS = new Set(['type', 'role', 'object', 'format', 'source', 'bytes', 'data', 'media_type']);

/** A place for a canary: `path` starts at the exchange. */
export interface Place {
  readonly path: readonly (string | number)[];
  readonly value: string;
}

type Plant = (value: string, path: readonly (string | number)[]) => unknown;

/** Copies the parts of an exchange that are sent and received, with other texts in the place of its own. */
export function planted(exchange: ReplayedExchange, plant: Plant, extraMember?: () => [string, string]) {
  const copy = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof value === 'string') return plant(value, path);
    if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).map(([name, member]) => [name, copy(member, [...path, name])] as const);
    const extra = extraMember && path.length > 1 && Object.keys(value).length !== 1 ? [extraMember()] : [];
    return Object.fromEntries([...members, ...extra]);
  };
  const { request, response, responseEvents } = exchange;
  return {
    request: { ...request, body: copy(request.body, ['request']) },
    response: { ...response, body: copy(response.body, ['response']) },
    ...(responseEvents && {
      responseEvents: responseEvents.map(({ payload, ...event }, index) => ({
        ...event,
        payload: copy(payload, ['events', index]),
      })),
    }),
  };
}

/** True if the text at this place decides how the rest is read. */
export function isDiscriminator(path: readonly (string | number)[]): boolean {
  return path.some((step) => DISCRIMINATORS.has(String(step)));
}

export function placesOf(exchange: ReplayedExchange): Place[] {
  const places: Place[] = [];
  planted(exchange, (value, path) => {
    places.push({ path, value });
    return value;
  });
  return places;
}
