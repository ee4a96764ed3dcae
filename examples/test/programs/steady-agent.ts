// Plays an application in production with mlflow-bedrock/register. Runs an agent again and again until standard input
// ends, and prints the id of each trace.
import { setTimeout as delay } from 'node:timers/promises';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { getCurrentTraceId, traced } from 'mlflow-bedrock';

const PAUSE_MILLIS = Number(process.env.PAUSE_MILLIS ?? 200);

const client = new BedrockRuntimeClient({});
const agent = traced({ name: 'steady agent', spanType: 'AGENT' }, async (question: string) => {
  await client.send(
    new ConverseCommand({
      modelId: 'amazon.nova-lite-v1:0',
      messages: [{ role: 'user', content: [{ text: question }] }],
    }),
  );
  return getCurrentTraceId();
});

const ended = new AbortController();
process.stdin.on('end', () => ended.abort()).resume();
while (!ended.signal.aborted) {
  console.log(await agent('How is the weather in Paris?'));
  await delay(PAUSE_MILLIS, undefined, { signal: ended.signal }).catch(() => {});
}
client.destroy();
