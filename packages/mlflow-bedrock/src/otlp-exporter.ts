import { diag } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

/**
 * OpenTelemetry's own exporter for OTLP over HTTP, set up by its environment variables. Loaded with the first spans:
 * most applications never need it, and would start later for it.
 */
export class OtlpExporter implements SpanExporter {
  #loading: Promise<SpanExporter | undefined> | undefined;

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    this.#loading ??= load();
    void this.#loading.then((exporter) => {
      if (exporter) exporter.export(spans, resultCallback);
      else resultCallback({ code: ExportResultCode.FAILED });
    });
  }

  async forceFlush(): Promise<void> {
    await (await this.#loading)?.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    await (await this.#loading)?.shutdown();
  }
}

async function load(): Promise<SpanExporter | undefined> {
  try {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
    return new OTLPTraceExporter();
  } catch (error) {
    // A bundle may have left it out.
    const reason = error instanceof Error ? error.message : String(error);
    diag.warn(`mlflow-bedrock: nothing is sent to the OTLP backend: ${reason}`);
    return undefined;
  }
}
