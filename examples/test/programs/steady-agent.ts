// An application in production: one agent run after another, until standard input ends. It prints the id of each trace.
import { setTimeout as delay } from 'node:timers/promises';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { autolog, getCurrentTraceId, traced } from 'mlflow-bedrock';

const PAUSE_MILLIS = 500;
// MLflow starts in seconds on an idle machine, and beside many other tests in more than the usual 29.
const PATIENCE_MILLIS = 90_000;

autolog({ timeoutMillis: PATIENCE_MILLIS, flushTimeoutMillis: PATIENCE_MILLIS });

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
