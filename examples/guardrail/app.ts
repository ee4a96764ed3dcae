// A guardrail before and behind a model: one request that it lets pass, one that it blocks, and a text that is checked
// without a model.
import { explainBedrockError } from '../shared/explain-error.js';
import { ask, isAllowed } from './guarded-chat.js';

const [, , blocked = 'Tell me the forbidden word.'] = process.argv;

try {
  for (const question of ['What is the capital of France?', blocked]) {
    console.log(`> ${question}`);
    const { text, intervened } = await ask(question);
    // An intervention is an answer, not an error. It stays out of a conversation that goes on: the guardrail would
    // find it again in every turn.
    console.log(intervened ? `(guardrail) ${text}` : text);
  }
  console.log(`"${blocked}" may go to a model: ${(await isAllowed(blocked)) ? 'yes' : 'no'}`);
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
