// The four ways to call a model on Bedrock, and a call that fails. Only the shutdown at the end belongs to tracing.
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type Message,
} from '@aws-sdk/client-bedrock-runtime';
import { explainBedrockError } from '../shared/explain-error.js';
import { sdk } from './tracing.js';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
const bedrock = new BedrockRuntimeClient();

async function converse(): Promise<string> {
  const { output } = await bedrock.send(
    new ConverseCommand({
      modelId,
      system: [{ text: 'You answer in one short sentence.' }],
      messages: ask('What is the capital of France?'),
      inferenceConfig: { maxTokens: 200, temperature: 0.2 },
    }),
  );
  return output?.message?.content?.[0]?.text ?? '';
}

async function converseStream(): Promise<string> {
  const { stream } = await bedrock.send(
    new ConverseStreamCommand({ modelId, messages: ask('What is the capital of Japan?') }),
  );
  let text = '';
  for await (const event of stream ?? []) text += event.contentBlockDelta?.delta?.text ?? '';
  return text;
}

async function invokeModel(): Promise<string> {
  const { body } = await bedrock.send(new InvokeModelCommand({ modelId, body: novaBody('What is 6 * 7?') }));
  const answer = JSON.parse(new TextDecoder().decode(body)) as { output: { message: Message } };
  return answer.output.message.content?.[0]?.text ?? '';
}

async function invokeModelWithResponseStream(): Promise<string> {
  const { body } = await bedrock.send(
    new InvokeModelWithResponseStreamCommand({ modelId, body: novaBody('What is the capital of Italy?') }),
  );
  let text = '';
  for await (const { chunk } of body ?? []) {
    const event = JSON.parse(new TextDecoder().decode(chunk?.bytes)) as {
      contentBlockDelta?: { delta: { text?: string } };
    };
    text += event.contentBlockDelta?.delta.text ?? '';
  }
  return text;
}

/** Sends a request that Bedrock rejects, because models for embeddings have no streams. Returns the error. */
async function failedCall(): Promise<string> {
  const embeddings = { modelId: 'amazon.titan-embed-text-v2:0', body: JSON.stringify({ inputText: 'Paris' }) };
  try {
    await bedrock.send(new InvokeModelWithResponseStreamCommand(embeddings));
  } catch (error) {
    return String(error);
  }
  throw new Error(`${embeddings.modelId} has streams.`);
}

function ask(text: string): Message[] {
  return [{ role: 'user', content: [{ text }] }];
}

/** Returns a request in the JSON of Amazon Nova, because InvokeModel uses each model's own JSON. */
function novaBody(question: string): string {
  return JSON.stringify({
    schemaVersion: 'messages-v1',
    messages: ask(question),
    inferenceConfig: { maxTokens: 200 },
  });
}

try {
  console.log('Converse                      ', await converse());
  console.log('ConverseStream                ', await converseStream());
  console.log('InvokeModel                   ', await invokeModel());
  console.log('InvokeModelWithResponseStream ', await invokeModelWithResponseStream());
  console.log('A call that fails             ', await failedCall());
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
} finally {
  // Flushes the last batch. Without it, the last spans of a short program are lost.
  // It rejects if delivery failed. The reason is in the log, and the answers above are valid anyway.
  await sdk.shutdown().catch(() => {});
}
