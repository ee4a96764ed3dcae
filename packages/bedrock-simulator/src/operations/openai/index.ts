import { createScriptedModel } from '../../model/scripted-model.js';
import type { Operation, Service } from '../operation.js';
import { chatCompletions } from './chat-completions.js';
import { completions } from './completions.js';
import { embeddings } from './embeddings.js';
import { streamError, writeError } from './errors.js';
import { responses } from './responses/index.js';

/** Where the endpoints have OpenAI's API: below `/v1`, and below `/openai/v1` for OpenAI's own models. */
const ROOTS = ['/v1', '/openai/v1'];

/** OpenAI's API, as `bedrock-mantle` and `bedrock-runtime` have it. */
export const openai: Service = {
  id: 'openai',
  errors: {},
  streamError: 'internalServerException',
  writeError,
  streamErrorEvent: streamError,
  start() {
    const model = createScriptedModel();
    const operations = [chatCompletions(model), completions(model), responses(model), embeddings];
    return operations.flatMap((operation) =>
      ROOTS.map((root): Operation => ({ ...operation, path: `${root}${operation.path}` })),
    );
  },
};
