/** What the metrics of a call, or of a step inside the service, say besides its figures. Pure. */

import type { Attributes } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE } from '@opentelemetry/semantic-conventions';
import type { Failure } from '../data/facts.js';
import { ATTR_GEN_AI_RESPONSE_MODEL } from '../data/semconv.js';
import type { AnswerFigures } from './describe.js';

/** Attributes of metrics that are known only after the end. */
export function outcomeAttributes({ facts }: AnswerFigures, failure: Failure | undefined): Attributes {
  return {
    ...(facts?.model !== undefined && { [ATTR_GEN_AI_RESPONSE_MODEL]: facts.model }),
    ...(failure && { [ATTR_ERROR_TYPE]: failure.type }),
  };
}
