/** Session and user of a trace: as attributes of its spans, and as entries of W3C baggage, under the same names. */

import type { Attributes, Baggage } from '@opentelemetry/api';

export const ATTR_SESSION_ID = 'session.id';
export const ATTR_USER_ID = 'user.id';

/** Who a trace is about. */
export interface Identity {
  /** The conversation it belongs to: MLflow groups traces by it. */
  sessionId?: string | undefined;
  userId?: string | undefined;
}

/** Without what is not known. */
export function identityAttributes({ sessionId, userId }: Identity): Attributes {
  return {
    ...(sessionId === undefined ? {} : { [ATTR_SESSION_ID]: sessionId }),
    ...(userId === undefined ? {} : { [ATTR_USER_ID]: userId }),
  };
}

/** What another service, or the application itself, put into the baggage; an empty entry counts as none. */
export function identityIn(baggage: Baggage | undefined): Identity {
  return {
    sessionId: baggage?.getEntry(ATTR_SESSION_ID)?.value || undefined,
    userId: baggage?.getEntry(ATTR_USER_ID)?.value || undefined,
  };
}
