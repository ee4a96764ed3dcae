/** OptimizePrompt: the service analyses a prompt and writes it anew for a model. */

import { asMembers, asObject, asObjects, asString, type JsonValue } from '../../data/json.js';
import type { Part } from '../../data/messages.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { generatedMessages } from '../messages/generated.js';
import { promptInput } from '../messages/text-completion.js';
import { createOptimizeFold } from './optimize-fold.js';

export const optimizePrompt: Dialect = {
  ...blankDialect('optimize-prompt', 'optimize_prompt'),
  readInput: (body) => promptInput(promptText(body['input'])),
  readOutput(body) {
    const thoughts = asObjects(body['analysis'])
      .map(({ message }) => asString(message))
      .filter((text) => text !== undefined)
      .map((content): Part => ({ type: 'reasoning', content }));
    return generatedMessages(body, { text: promptText(body['optimizedPrompt']), before: thoughts });
  },
  createFold: createOptimizeFold,
};

function promptText(prompt: JsonValue | undefined): string | undefined {
  return asString(asObject(unwrapUnknown(asMembers(prompt))['textPrompt'])?.['text']);
}
