import { diag } from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

/**
 * OpenTelemetry's own exporter for OTLP over HTTP, configured by its environment variables. It is loaded with the first
 * spans, because most applications never need it and would start later.
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
    // A bundle may not contain the package.
    const reason = error instanceof Error ? error.message : String(error);
    diag.warn(`mlflow-bedrock: the OTLP exporter cannot be loaded, so the OTLP backend gets no spans: ${reason}`);
    return undefined;
  }
}
