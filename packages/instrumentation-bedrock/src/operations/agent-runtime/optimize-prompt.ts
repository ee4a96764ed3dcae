/** OptimizePrompt: `targetModelId` is the model that the prompt is for. The service does not call it. */

import { ATTR_AWS_BEDROCK_PROMPT_TARGET_MODEL } from '../../data/semconv.js';
import { asId } from '../../data/words.js';
import { optimizePrompt as dialect } from '../../dialects/knowledge-base/optimize-prompt.js';
import { describedOperation } from '../common/described.js';
import type { Operation } from '../common/operation.js';

export const optimizePrompt: Operation = describedOperation({
  name: 'OptimizePrompt',
  spanType: 'TASK',
  dialect,
  requestFacts: ({ targetModelId }) => ({ [ATTR_AWS_BEDROCK_PROMPT_TARGET_MODEL]: asId(targetModelId) }),
  stream: 'optimizedPrompt',
});
