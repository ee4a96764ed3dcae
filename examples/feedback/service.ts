import type { Server } from 'node:http';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { autolog, getCurrentTraceId, MlflowClient, MlflowError, traced, updateCurrentTrace } from 'mlflow-bedrock';
import { explainBedrockError } from '../shared/explain-error.js';
import { type Body, createJsonServer, optionalText, RequestError, requireText } from '../shared/json-server.js';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
const bedrock = new BedrockRuntimeClient();
const mlflow = new MlflowClient();
// mlflow-bedrock/register has started tracing already, so this call only returns its handle.
const tracing = autolog();

/** Creates a chat service that collects its users' feedback: `POST /chat` and `POST /feedback`. */
export function createChatService(): Server {
  return createJsonServer({ 'POST /chat': chat, 'POST /feedback': feedback });
}

async function chat(body: Body): Promise<object> {
  const question = requireText(body, 'question');
  const userId = requireText(body, 'userId');
  const sessionId = optionalText(body, 'sessionId');
  try {
    return await answer(question, userId, sessionId);
  } catch (error) {
    console.error(explainBedrockError(error));
    throw new RequestError(502, 'The model cannot answer now. Try again later.');
  }
}

const answer = traced(
  { name: 'answer', spanType: 'CHAIN' },
  async (question: string, userId: string, sessionId?: string) => {
    updateCurrentTrace({ userId, sessionId, requestPreview: question });
    const messages = [{ role: 'user' as const, content: [{ text: question }] }];
    const { output } = await bedrock.send(new ConverseCommand({ modelId, messages }));
    const text = output?.message?.content?.map((block) => block.text ?? '').join('') ?? '';
    updateCurrentTrace({ responsePreview: text });
    // The client keeps the trace id, because its feedback must name the answer.
    return { answer: text, traceId: getCurrentTraceId() };
  },
);

async function feedback(body: Body): Promise<object> {
  const traceId = requireText(body, 'traceId');
  if (!/^tr-[0-9a-f]{32}$/.test(traceId)) throw noSuchTrace(traceId);
  const source = { type: 'HUMAN', id: requireText(body, 'userId') } as const;
  const { helpful } = body;
  if (typeof helpful !== 'boolean') throw new RequestError(400, '"helpful" must be true or false.');
  const rationale = optionalText(body, 'comment');
  const expected = optionalText(body, 'expectedAnswer');
  // Traces are sent every five seconds. Without the flush, MLflow would not have the trace of a quicker user yet.
  await tracing.flush();
  try {
    await mlflow.logFeedback(traceId, { name: 'helpful', value: helpful, source, ...(rationale && { rationale }) });
    // MLflow's judge of correctness reads this name.
    if (expected) await mlflow.logExpectation(traceId, { name: 'expected_response', value: expected, source });
  } catch (error) {
    throw explainFeedbackError(error, traceId);
  }
  return { saved: true };
}

function explainFeedbackError(error: unknown, traceId: string): unknown {
  if (!(error instanceof MlflowError)) return error;
  if (error.errorCode === 'RESOURCE_DOES_NOT_EXIST') return noSuchTrace(traceId);
  console.error(error.message);
  return new RequestError(502, 'Feedback cannot be stored now. Try again later.');
}

function noSuchTrace(traceId: string): RequestError {
  return new RequestError(404, `No trace has the id "${traceId}". Send the traceId from the answer of POST /chat.`);
}
