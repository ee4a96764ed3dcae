/** Tags of resources. */

import type { JsonObject } from '../../../data/json.js';
import { ATTR_AWS_BEDROCK_RESOURCE_ARN } from '../../../data/semconv.js';
import { asId } from '../../../data/words.js';
import type { Operation } from '../../common/operation.js';
import { plainOperation } from '../../common/plain.js';

export const tags: readonly Operation[] = ['TagResource', 'UntagResource', 'ListTagsForResource'].map((name) =>
  plainOperation({
    name,
    spanType: 'TASK',
    requestFacts: ({ resourceArn }: JsonObject) => ({ [ATTR_AWS_BEDROCK_RESOURCE_ARN]: asId(resourceArn) }),
  }),
);
