// Prints text as it arrives, and then what the trace has of it.
import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { trace } from '@opentelemetry/api';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { explainBedrockError } from '../shared/explain-error.js';
import { traceLink } from '../shared/links.js';
import { mlflow, sdk } from './tracing.js';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';
const bedrock = new BedrockRuntimeClient();

/** Prints at most `limit` pieces of the answer. */
async function print(question: string, limit = Number.POSITIVE_INFINITY): Promise<void> {
  const { stream } = await bedrock.send(
    new ConverseStreamCommand({ modelId, messages: [{ role: 'user', content: [{ text: question }] }] }),
  );
  let pieces = 0;
  for await (const event of stream ?? []) {
    process.stdout.write(event.contentBlockDelta?.delta?.text ?? '');
    if (event.contentBlockDelta) pieces += 1;
    // Leaving the loop closes the stream and ends the span.
    if (pieces === limit) break;
  }
  process.stdout.write(pieces === limit ? ' [left early]\n' : '\n');
}

/** Reads the trace from MLflow and counts the events of each stream's span by kind. */
async function printChunkEvents(traceId: string): Promise<void> {
  const client = new MlflowClient();
  const { info, spans } = await client.getTrace(traceId);
  for (const { name, type, events, tokenUsage } of spans) {
    if (type !== 'CHAT_MODEL') continue;
    const counts = new Map<string, number>();
    for (const event of events) counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
    const chunks = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
    console.log(`${name}: ${chunks}; ${tokenUsage ? `${tokenUsage.totalTokens} tokens` : 'no token counts'}`);
  }
  console.log(traceLink(client.url, info));
}

try {
  // This span around both calls puts them into one trace.
  const traceId = await trace.getTracer('streaming').startActiveSpan('streaming', async (span) => {
    try {
      await print('Tell me in three sentences what a trace is.');
      await print('And now in a long story, please.', 4);
    } finally {
      span.end();
    }
    return span.spanContext().traceId;
  });
  // Batches are sent every five seconds, but the trace must be in MLflow before it is read.
  await mlflow.forceFlush();
  await printChunkEvents(traceId);
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
} finally {
  // It rejects if delivery failed. The reason is in the log, and the answer above is valid anyway.
  await sdk.shutdown().catch(() => {});
}
