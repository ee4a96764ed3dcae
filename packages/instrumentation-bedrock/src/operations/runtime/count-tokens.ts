/** CountTokens: counts the input tokens of a request without sending it to a model. */

import { asNumber } from '../../data/json.js';
import { ATTR_AWS_BEDROCK_COUNTED_INPUT_TOKENS } from '../../data/semconv.js';
import type { Operation } from '../common/operation.js';
import { plainOperation } from '../common/plain.js';

export const countTokens: Operation = plainOperation({
  name: 'CountTokens',
  spanType: 'LLM',
  // An attribute of its own: MLflow would add a price to tokens in the usage attributes.
  answerFacts: ({ inputTokens }) => ({ [ATTR_AWS_BEDROCK_COUNTED_INPUT_TOKENS]: asNumber(inputTokens) }),
});
