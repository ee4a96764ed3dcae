import type { Operation } from '../operation.js';
import { assessContent } from './guardrail.js';

export const applyGuardrail: Operation = {
  name: 'ApplyGuardrail',
  method: 'POST',
  path: '/guardrail/{guardrailIdentifier+}/version/{guardrailVersion}/apply',
  answer: ({ labels, body }) => ({ body: assessContent(labels, body) }),
};
