/** Session and user of a trace. Span attributes and entries of W3C baggage have the same names. */

import type { Attributes, Baggage } from '@opentelemetry/api';

export const ATTR_SESSION_ID = 'session.id';
export const ATTR_USER_ID = 'user.id';

/** Session and user of a trace. */
export interface Identity {
  /** The conversation. MLflow groups traces by it. */
  sessionId?: string | undefined;
  /** The user of the application. */
  userId?: string | undefined;
}

/** Returns the attributes of what is set. */
export function identityAttributes({ sessionId, userId }: Identity): Attributes {
  return {
    ...(sessionId === undefined ? {} : { [ATTR_SESSION_ID]: sessionId }),
    ...(userId === undefined ? {} : { [ATTR_USER_ID]: userId }),
  };
}

/** Reads the entries that the application or another service set. An empty entry counts as absent. */
export function identityIn(baggage: Baggage | undefined): Identity {
  return {
    sessionId: baggage?.getEntry(ATTR_SESSION_ID)?.value || undefined,
    userId: baggage?.getEntry(ATTR_USER_ID)?.value || undefined,
  };
}
