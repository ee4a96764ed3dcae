import { STATUS_CODES } from 'node:http';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { counted } from '../common/counted.js';
import { ReportedError, reportErrors } from '../common/reported.js';
import { warn } from '../common/warn.js';

/**
 * OpenTelemetry's own exporter for OTLP over HTTP, configured by its environment variables. It is loaded with the first
 * spans, because most applications never need it and would start later. It reports each failed export once, whoever waits
 * for it.
 */
export class OtlpExporter implements SpanExporter {
  #loading: Promise<SpanExporter | Error> | undefined;
  /** How often exports under way were given up. */
  #givenUp = 0;

  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void {
    this.#loading ??= load();
    const before = this.#givenUp;
    const fail = (error: Error): void =>
      resultCallback({ code: ExportResultCode.FAILED, error: new ReportedError(error) });
    void this.#loading.then((exporter) => {
      if (exporter instanceof Error) return fail(exporter);
      exporter.export(spans, (result) => {
        if (result.code === ExportResultCode.SUCCESS) return resultCallback(result);
        const error = withoutAnswer(
          result.error ?? new Error(`the OTLP backend did not take ${counted(spans.length, 'span')}`),
        );
        if (this.#givenUp === before) reportErrors(error);
        fail(error);
      });
    });
  }

  /** Reports no failure of exports that are under way. */
  giveUp(): void {
    this.#givenUp += 1;
  }

  async forceFlush(): Promise<void> {
    const exporter = await this.#loading;
    if (!(exporter instanceof Error)) await exporter?.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    const exporter = await this.#loading;
    if (!(exporter instanceof Error)) await exporter?.shutdown();
  }
}

/** The error of a backend by its status. Its own words may repeat the headers of the request, or content of spans. */
function withoutAnswer(error: Error): Error {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'number') return error;
  const shown = new Error(STATUS_CODES[code] ?? `status ${code}`);
  shown.name = 'OTLPExporterError';
  return shown;
}

/** Returns the error if the package cannot be loaded, after a warning. */
async function load(): Promise<SpanExporter | Error> {
  try {
    const loaded = await import('@opentelemetry/exporter-trace-otlp-proto');
    // Chunks that bundlers make of a CommonJS package have no other export than the default.
    const { OTLPTraceExporter } = loaded.default ?? loaded;
    return new OTLPTraceExporter();
  } catch (error) {
    // A bundle may not contain the package.
    const reason = error instanceof Error ? error : new Error(String(error));
    warn(
      `the OTLP exporter cannot be loaded, so the OTLP backend gets no spans: ${reason.message}. Let the bundler include the package, or install it beside the bundle.`,
    );
    return reason;
  }
}
