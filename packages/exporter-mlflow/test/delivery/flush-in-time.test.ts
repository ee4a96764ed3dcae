import { performance } from 'node:perf_hooks';
import { ExportResultCode } from '@opentelemetry/core';
import { expect } from 'chai';
import { MlflowSpanExporter } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { startLocalServer } from '../support/local-server.js';
import { exportSpans, recordSpans } from '../support/tracing.js';

describe('a flush with a time of its own', () => {
  it('ends what is not delivered by then, reports it, and leaves the exporter usable', async () => {
    const logged = collectDiag();
    let isSilent = true;
    const server = await startLocalServer(({ path }) => (isSilent && path === '/v1/traces' ? () => {} : undefined));
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, timeoutMillis: 20_000 });
    const spans = recordSpans((tracer) => tracer.startSpan('late').end());
    try {
      const began = performance.now();
      const exporting = exportSpans(exporter, spans);
      await exporter.forceFlush({ timeoutMillis: 300 });
      const { code } = await exporting;
      expect(performance.now() - began).to.be.within(290, 3000);
      expect(code).to.equal(ExportResultCode.FAILED);
      expect(logged.lines.join('\n')).to.match(/cannot be reached .* 1 span was not delivered\.$/);

      isSilent = false;
      expect(await exportSpans(exporter, spans)).to.include({ code: ExportResultCode.SUCCESS });
      await exporter.forceFlush({ timeoutMillis: 5000 });
    } finally {
      await exporter.shutdown();
      await server.close();
      logged.stop();
    }
  });

  it('keeps to the time of the exporter when its own is longer than any timer', async () => {
    const server = await startLocalServer();
    const exporter = new MlflowSpanExporter({ trackingUri: server.url });
    try {
      const exporting = exportSpans(
        exporter,
        recordSpans((tracer) => tracer.startSpan('in time').end()),
      );
      await exporter.forceFlush({ timeoutMillis: Number.POSITIVE_INFINITY });
      expect(await exporting).to.include({ code: ExportResultCode.SUCCESS });
    } finally {
      await exporter.shutdown();
      await server.close();
    }
  });
});
