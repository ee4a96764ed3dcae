// Records answers with mlflow-bedrock. Then Python's mlflow.genai.evaluate judges these traces.
import { randomUUID } from 'node:crypto';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { autolog, getCurrentTraceId, MlflowClient, traced, updateCurrentTrace } from 'mlflow-bedrock';
import { explainBedrockError } from '../shared/explain-error.js';
import { runEvaluation } from './run-evaluation.js';
import { startScriptedJudge } from './scripted-judge.js';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
const bedrock = new BedrockRuntimeClient();
const mlflow = new MlflowClient();
const evaluation = randomUUID();

const conversations = [
  [
    { question: 'What is the capital of Kenya?', expected: 'Nairobi' },
    { question: 'What is the capital of France?', expected: 'Paris' },
  ],
  [{ question: 'What is the capital of Atlantis?', expected: 'Atlantis is a legend' }],
];

const answer = traced({ name: 'answer', spanType: 'CHAIN' }, async (question: string, sessionId: string) => {
  updateCurrentTrace({ sessionId, tags: { evaluation } });
  const messages = [{ role: 'user' as const, content: [{ text: question }] }];
  const { output } = await bedrock.send(new ConverseCommand({ modelId, messages }));
  traceIds.push(getCurrentTraceId() ?? '');
  return output?.message?.content?.map((block) => block.text ?? '').join('') ?? '';
});
const traceIds: string[] = [];

/** Asks the questions and writes the expected answers to the traces, as human experts would do. */
async function recordAnswers(): Promise<void> {
  for (const [index, conversation] of conversations.entries()) {
    for (const { question } of conversation) {
      console.log(`${question}\n  ${await answer(question, `${evaluation}-${index + 1}`)}`);
    }
  }
  await autolog().flush();
  for (const [index, { expected }] of conversations.flat().entries()) {
    // MLflow's judge of correctness reads this name.
    await mlflow.logExpectation(traceIds[index] ?? '', {
      name: 'expected_response',
      value: expected,
      source: { type: 'HUMAN', id: 'geographer' },
    });
  }
}

async function evaluate(): Promise<void> {
  const { experimentId } = await mlflow.getTraceInfo(traceIds[0] ?? '');
  const judge = process.env.JUDGE_MODEL ? undefined : await startScriptedJudge();
  try {
    process.exitCode = await runEvaluation({
      MLFLOW_TRACKING_URI: process.env.MLFLOW_TRACKING_URI ?? mlflow.url,
      MLFLOW_EXPERIMENT_ID: experimentId,
      EVALUATION: evaluation,
      ...judge?.env,
    });
  } finally {
    judge?.close();
  }
}

try {
  await recordAnswers();
  await evaluate();
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
