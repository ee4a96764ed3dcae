/** One model call that two instrumentations recorded: that of the AWS SDK is a child of the one for Bedrock. */

import { context, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowSpanExporter } from '../../src/index.js';
import { chatAttributes, exportSpans, MODEL, recordSpans, uniqueName } from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

/** Ten input tokens and five output tokens, at 3 and 15 dollars per million. */
const COST = (10 * 3 + 5 * 15) / 1e6;

describe('a call that two instrumentations recorded', () => {
  const mlflow = useMlflow();

  function recordCall(): { theirs: ReadableSpan; ours: ReadableSpan; root: ReadableSpan } {
    const [theirs, ours, root] = recordSpans((tracer) => {
      const root = tracer.startSpan('handle request');
      const below = trace.setSpan(context.active(), root);
      const ours = tracer.startSpan(`chat ${MODEL}`, { attributes: chatAttributes('question', 'answer') }, below);
      // As `@opentelemetry/instrumentation-aws-sdk` 0.78 writes it.
      const attributes = {
        'rpc.system': 'aws-api',
        'rpc.method': 'Converse',
        'rpc.service': 'BedrockRuntime',
        'gen_ai.system': 'aws.bedrock',
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': MODEL,
        'gen_ai.usage.input_tokens': 10,
        'gen_ai.usage.output_tokens': 5,
      };
      tracer.startSpan(`chat ${MODEL}`, { attributes }, trace.setSpan(below, ours)).end();
      ours.end();
      root.end();
    });
    return { theirs: theirs!, ours: ours!, root: root! };
  }

  const ARRIVALS: Readonly<Record<string, (call: ReturnType<typeof recordCall>) => ReadableSpan[][]>> = {
    'in one export': ({ theirs, ours, root }) => [[theirs, ours, root]],
    'with theirs in an export before': ({ theirs, ours, root }) => [[theirs], [ours, root]],
    'with theirs after the record': ({ theirs, ours, root }) => [[ours, root], [theirs]],
  };
  for (const [name, arrive] of Object.entries(ARRIVALS)) {
    it(`counts its tokens and its cost once in its trace, ${name}`, async () => {
      const exporter = new MlflowSpanExporter({
        trackingUri: mlflow.trackingUri,
        experimentName: uniqueName('beside'),
      });
      const call = recordCall();
      for (const batch of arrive(call)) await exportSpans(exporter, batch);
      await exporter.shutdown();
      const { info, spans } = await mlflow.client.getTrace(call.root.spanContext().traceId);
      expect(spans).to.have.lengthOf(3);
      expect(info.tokenUsage).to.deep.equal({ inputTokens: 10, outputTokens: 5, totalTokens: 15 });
      expect(info.cost?.totalCost).to.be.closeTo(COST, 1e-12);
    });
  }
});
