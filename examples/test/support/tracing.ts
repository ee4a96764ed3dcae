/** A tracer provider that sends to MLflow like an application's, and also to other exporters. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { context, trace } from '@opentelemetry/api';
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

export interface Tracing {
  readonly provider: NodeTracerProvider;
  client(endpoint: string): sdk.BedrockRuntimeClient;
  close(): Promise<void>;
}

export interface TracingTarget {
  readonly trackingUri: string;
  readonly experimentName: string;
  readonly others?: readonly SpanExporter[];
}

export function startTracing({ trackingUri, experimentName, others = [] }: TracingTarget): Tracing {
  const exporters = [new MlflowSpanExporter({ trackingUri, experimentName }), ...others];
  const provider = new NodeTracerProvider({
    spanProcessors: exporters.map((exporter) => new BatchSpanProcessor(exporter)),
    spanLimits: { eventCountLimit: 4096 },
  });
  provider.register();
  const instrumentation = new BedrockInstrumentation();
  instrumentation.setTracerProvider(provider);
  instrumentation.manuallyInstrument(sdk);
  const clients: sdk.BedrockRuntimeClient[] = [];
  return {
    provider,
    client(endpoint) {
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const client = new sdk.BedrockRuntimeClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      instrumentation.disable();
      await provider.shutdown();
      trace.disable();
      context.disable();
    },
  };
}
