// Retrieve-and-generate with a knowledge base: an answer with citations, at once and as a stream.
import { explainBedrockError } from '../shared/explain-error.js';
import { ask, askStreaming, type Citation, retrieve } from './knowledge-base.js';

const question = process.argv[2] ?? 'Can I return boots, and is there a warranty for tents?';

const MISSING =
  'Bedrock does not find the knowledge base: set BEDROCK_KNOWLEDGE_BASE_ID to one of this account and region.';

try {
  console.log(`> ${question}`);
  for (const { source, score } of await retrieve(question)) console.log(`  ${score.toFixed(2)} ${source}`);
  const { text, citations } = await ask(question);
  console.log(text);
  printSources(citations);
  console.log('As a stream:');
  const streamed = await askStreaming(question, (piece) => process.stdout.write(piece));
  console.log();
  printSources(streamed.citations);
} catch (error) {
  console.error(explainBedrockError(error, MISSING));
  process.exitCode = 1;
}

function printSources(citations: Citation[]): void {
  for (const { quote, sources } of citations) console.log(`  "${quote}" is from ${sources.join(', ')}`);
}
