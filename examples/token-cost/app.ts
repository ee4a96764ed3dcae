// Reads the cost of a question from MLflow, per span and for the trace, and logs it as an MLflow run.
import { BedrockRuntimeClient, ConverseCommand, type Message } from '@aws-sdk/client-bedrock-runtime';
import { trace } from '@opentelemetry/api';
import { MlflowClient, type MlflowCost, type MlflowTokenUsage } from 'opentelemetry-exporter-mlflow';
import { explainBedrockError } from '../shared/explain-error.js';
import { experimentLink, runLink, traceLink } from '../shared/links.js';
import { mlflow, sdk } from './tracing.js';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
const prompt = process.argv[2] ?? 'What is the capital of France, and why is it there?';
const bedrock = new BedrockRuntimeClient();

/** Makes two calls in one conversation. */
async function answerAndSummary(): Promise<string> {
  const messages: Message[] = [];
  let text = '';
  for (const question of [prompt, 'Say the same in five words.']) {
    messages.push({ role: 'user', content: [{ text: question }] });
    const { output } = await bedrock.send(new ConverseCommand({ modelId, messages }));
    if (output?.message === undefined) throw new Error('The model answered without a message.');
    messages.push(output.message);
    text = output.message.content?.map((block) => block.text ?? '').join('') ?? '';
    console.log(`${question}\n  ${text}`);
  }
  return text;
}

/** Reads the trace from MLflow and logs its tokens and cost as a run. */
async function report(traceId: string): Promise<void> {
  const client = new MlflowClient();
  const { info, spans } = await client.getTrace(traceId);
  for (const span of spans) {
    if (span.tokenUsage) console.log(line(span.name, span.tokenUsage, span.cost));
  }
  if (info.tokenUsage === undefined) throw new Error(`MLflow has no token counts for trace ${info.traceId}.`);
  console.log(line('whole trace', info.tokenUsage, info.cost));

  const run = await client.createRun({ experimentId: info.experimentId, name: 'token-cost' });
  await client.logParams(run.runId, { prompt, model: modelId });
  await client.logMetrics(run.runId, {
    input_tokens: info.tokenUsage.inputTokens,
    output_tokens: info.tokenUsage.outputTokens,
    // MLflow has no cost if its price list lacks the model. No figure is better than a wrong one.
    ...(info.cost ? { cost: info.cost.totalCost } : {}),
  });
  await client.linkTracesToRun(run.runId, [info.traceId]);
  await client.endRun(run.runId);
  console.log(`Trace       ${traceLink(client.url, info)}`);
  console.log(`Run         ${runLink(client.url, run)}`);
  console.log(`Experiment  ${experimentLink(client.url, info.experimentId)}`);
}

function line(name: string, { inputTokens, outputTokens }: MlflowTokenUsage, cost: MlflowCost | undefined): string {
  const price = cost ? `$${cost.totalCost.toFixed(6)}` : 'no price known';
  return `${name.padEnd(30)} ${inputTokens} input tokens, ${outputTokens} output tokens, ${price}`;
}

try {
  // This span around both calls puts them into one trace.
  const traceId = await trace.getTracer('token-cost').startActiveSpan('answer and summary', async (span) => {
    try {
      await answerAndSummary();
    } finally {
      span.end();
    }
    return span.spanContext().traceId;
  });
  // Batches are sent every five seconds, but the trace must be in MLflow before it is read.
  await mlflow.forceFlush();
  await report(traceId);
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
} finally {
  // It rejects if delivery failed. The reason is in the log, and the answer above is valid anyway.
  await sdk.shutdown().catch(() => {});
}
