/** Further failures of backends. See `failures.test.ts`. */

import { expect } from 'chai';
import { failures, OTLP } from '../support/failures.js';
import { NOBODY } from '../support/programs.js';

describe('the log of an application with autolog(), in more cases', function () {
  this.timeout(60_000);
  const { lines, startMlflow, startRefusing } = failures();

  it('shows each batch of a flush that another backend refuses', async () => {
    const env = {
      MLFLOW_TRACKING_URI: await startMlflow(),
      OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(),
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
    };
    expect(await lines(['flushes three batches'], env)).to.deep.equal([OTLP, OTLP, OTLP]);
  });

  it('shows a failure that comes after the time of a flush', async () => {
    const env = { MLFLOW_TRACKING_URI: await startMlflow(), OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(500) };
    const shown = await lines(['flushes for a shorter time than the backend takes'], env);
    expect(shown).to.have.length(2);
    expect(shown[0]).to.match(/^mlflow-bedrock: not everything was sent within 100 ms/);
    expect(shown[1]).to.equal(OTLP);
  });

  it('shows a failure of the shutdown', async () => {
    const env = { MLFLOW_TRACKING_URI: await startMlflow(), OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(300) };
    expect(await lines(['shuts down with a span that ended during the flush'], env)).to.deep.equal([OTLP, OTLP]);
  });

  it('shows the failures of a provider of the application when autolog() flushes it', async () => {
    const env = {
      MLFLOW_TRACKING_URI: NOBODY,
      OTEL_EXPORTER_OTLP_ENDPOINT: await startRefusing(),
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
    };
    const shown = await lines(['flushes a provider of its own'], env);
    expect(shown).to.have.length(3).and.include(OTLP);
    expect(shown.filter((line) => / cannot be reached .* 1 span was not delivered\.$/.test(line))).to.have.length(1);
    expect(shown.filter((line) => /^MlflowError: MLflow at .* cannot be reached/.test(line))).to.have.length(1);
  });

  it('shows settings that cannot work, and what they cost', async () => {
    const shown = await lines(['flushes again and again', '3'], { MLFLOW_TRACKING_URI: 'ftp://127.0.0.1' });
    expect(shown).to.have.length(2);
    expect(shown[0]).to.match(/^MLflow tracking URI/);
    expect(shown[1]).to.equal('MLflow exporter: 3 spans were not delivered in all.');
  });
});
