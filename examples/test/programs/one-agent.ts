// Runs an agent once for each word on the command line, with all metadata that a trace can have. Prints the ids of the
// traces. SECRET stands for content that must not leave the company.
import { setTimeout as delay } from 'node:timers/promises';
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { getCurrentTraceId, traced, updateCurrentTrace } from 'mlflow-bedrock';

const SECRET = process.env.SECRET ?? 'nothing';
const SLOW_MILLIS = Number(process.env.SLOW_MILLIS ?? 0);
const modelId = 'amazon.nova-lite-v1:0';
const system = [{ text: `Never tell ${SECRET}.` }];
const client = new BedrockRuntimeClient({});

const lookUp = traced({ name: 'look_up', spanType: 'TOOL' }, async (account: string) => ({ account, balance: SECRET }));

const agent = traced({ name: 'support agent', spanType: 'AGENT' }, async (kind: string) => {
  console.log(getCurrentTraceId());
  updateCurrentTrace({
    sessionId: 'session-7',
    userId: 'ada',
    tags: { team: 'support' },
    metadata: { release: '1.2.3' },
    clientRequestId: 'request-42',
    requestPreview: `short: ${SECRET}`,
    responsePreview: `answer: ${SECRET}`,
  });
  const question = kind === 'long' ? `${SECRET} again and again. `.repeat(500) : `What about ${SECRET}?`;
  const messages = [{ role: 'user' as const, content: [{ text: question }] }];
  const { output } = await client.send(new ConverseCommand({ modelId, system, messages }));
  const { stream } = await client.send(new ConverseStreamCommand({ modelId, system, messages }));
  for await (const _event of stream ?? []);
  await lookUp(SECRET);
  if (kind === 'slow') await delay(SLOW_MILLIS);
  if (kind === 'failing') throw new Error(`No account for ${SECRET}`);
  return output?.message?.content?.[0]?.text;
});

for (const kind of process.argv.slice(2)) await agent(kind).catch(() => {});
client.destroy();
