// The function. Only the wrapper at the end belongs to tracing.
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { flushSpans } from './tracing.js';
import { withFlush } from './with-flush.js';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
// Outside the handler, so that warm invocations reuse its connection.
const bedrock = new BedrockRuntimeClient();

async function answer({ question }: { question: string }): Promise<{ answer: string }> {
  const messages = [{ role: 'user' as const, content: [{ text: question }] }];
  const { output } = await bedrock.send(new ConverseCommand({ modelId, messages }));
  return { answer: output?.message?.content?.[0]?.text ?? '' };
}

export const handler = withFlush(answer, flushSpans);
