// The function. Only `withFlush` belongs to tracing.
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { withFlush } from 'mlflow-bedrock/lambda';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
// Outside the handler, so that warm invocations reuse its connection.
const bedrock = new BedrockRuntimeClient();

/** The part of Lambda's context that `withFlush` reads. The full type is in `@types/aws-lambda`. */
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

async function answer({ question }: { question: string }, _context: LambdaContext): Promise<{ answer: string }> {
  const messages = [{ role: 'user' as const, content: [{ text: question }] }];
  const { output } = await bedrock.send(new ConverseCommand({ modelId, messages }));
  return { answer: output?.message?.content?.[0]?.text ?? '' };
}

export const handler = withFlush(answer);
