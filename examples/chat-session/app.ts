// A conversation with several turns. Each turn is one trace. MLflow shows all of them together as one session.
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { explainBedrockError } from '../shared/explain-error.js';
import { ChatSession } from './session.js';

const [, , ...given] = process.argv;
const questions =
  given.length > 0 ? given : ['What is the capital of Kenya?', 'What is 12 * 4?', 'What was my first question?'];

try {
  const session = new ChatSession(new BedrockRuntimeClient(), 'example-user');
  console.log(`Session ${session.id}`);
  for (const question of questions) {
    console.log(`> ${question}`);
    console.log(await session.ask(question));
  }
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
