import { objectOf, stringOf } from '../../json.js';
import type { Operation } from '../operation.js';

/** Writes sections around the prompt. A model would write a new one. */
export const optimizePrompt: Operation = {
  name: 'OptimizePrompt',
  method: 'POST',
  path: '/optimize-prompt',
  answer({ body }) {
    const prompt = stringOf(objectOf(objectOf(body['input'])['textPrompt'])['text']);
    const text = `## Task\n${prompt}\n\n## Answer\nAnswer in short sentences.`;
    return {
      events: [
        { type: 'analyzePromptEvent', payload: { message: 'The prompt has one task and no form for the answer.' } },
        { type: 'optimizedPromptEvent', payload: { optimizedPrompt: { textPrompt: { text } } } },
      ],
    };
  },
};
