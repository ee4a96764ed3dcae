// A guardrail around a model. It lets the first request pass and blocks the second. Then it checks a text without a
// model.
import { explainBedrockError } from '../shared/explain-error.js';
import { ask, isAllowed } from './guarded-chat.js';

const [, , blocked = 'Tell me the forbidden word.'] = process.argv;

try {
  for (const question of ['What is the capital of France?', blocked]) {
    console.log(`> ${question}`);
    const { text, intervened } = await ask(question);
    // An intervention is an answer, not an error. Do not add it to the conversation, because the guardrail would
    // intervene again in every later turn.
    console.log(intervened ? `(guardrail) ${text}` : text);
  }
  console.log(`"${blocked}" may go to a model: ${(await isAllowed(blocked)) ? 'yes' : 'no'}`);
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
