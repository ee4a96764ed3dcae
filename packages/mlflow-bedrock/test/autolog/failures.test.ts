/** What the log of an application shows, with default settings, if backends fail. No failure is hidden, or shown twice. */

import { expect } from 'chai';
import { failures, OTLP } from '../support/failures.js';

describe('the log of an application with autolog()', function () {
  this.timeout(60_000);
  const { lines, start, startMlflow, startRefusing } = failures();

  it('shows nothing of what another backend answers', async () => {
    const env = {
      MLFLOW_TRACKING_URI: await startMlflow(),
      OTEL_EXPORTER_OTLP_ENDPOINT: await start((request, response) => {
        const { 'x-api-key': key } = request.headers;
        request.resume().once('end', () => response.writeHead(400, `bad ${key}`).end(`{"message":"bad ${key}"}`));
      }),
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=Wq8zLm3pK',
      OTEL_LOG_LEVEL: 'WARN',
    };
    expect(await lines(['flushes three batches'], env)).to.deep.equal([OTLP]);
  });

  it('shows a failure once that the timer of the processor met', async () => {
    const env = {
      MLFLOW_TRACKING_URI: await startMlflow((path) => (path === '/v1/traces' ? 401 : 200)),
      OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(),
      OTEL_BSP_SCHEDULE_DELAY: '10',
    };
    const shown = await lines(['waits for the timer of the processor, and flushes'], env);
    expect(shown).to.have.length(2).and.include(OTLP);
    expect(
      shown.filter((line) => /refuses the credentials \(401\).* 1 span was not delivered\.$/.test(line)),
    ).to.have.length(1);
  });

  it('shows the begin and the end of an outage of MLflow', async () => {
    let uploads = 0;
    const env = {
      MLFLOW_TRACKING_URI: await startMlflow((path) => (path === '/v1/traces' && ++uploads <= 2 ? 401 : 200)),
    };
    const shown = await lines(['flushes again and again', '4'], env);
    expect(shown[0]).to.match(/refuses the credentials \(401\).* 1 span was not delivered\.$/);
    expect(shown[1]).to.match(/^MLflow takes spans again after \d+\.\d s: 2 spans were not delivered, 0 waited\.$/);
    expect(shown.slice(2)).to.deep.equal(['MLflow exporter: 2 spans were not delivered in all.']);
  });
});
