// A conversation with an agent of Amazon Bedrock. AWS runs the agent; its steps are in the trace of each question.
import { randomUUID } from 'node:crypto';
import { explainBedrockError } from '../shared/explain-error.js';
import { ShopChat } from './shop-chat.js';

const [, , ...given] = process.argv;
const questions =
  given.length > 0
    ? given
    : [
        'Where is parcel 1042, how many days does delivery to Oslo take, and can I return unused boots?',
        'Change my address to Berlin.',
      ];

const MISSING =
  'Bedrock does not find the agent: set BEDROCK_AGENT_ID and BEDROCK_AGENT_ALIAS_ID to an agent of this account and region.';

try {
  const chat = new ShopChat(randomUUID());
  for (const question of questions) {
    console.log(`> ${question}`);
    const { text, sources } = await chat.ask(question);
    console.log(text);
    for (const [position, source] of sources.entries()) console.log(`[${position + 1}] ${source}`);
  }
} catch (error) {
  console.error(explainBedrockError(error, MISSING));
  process.exitCode = 1;
}
