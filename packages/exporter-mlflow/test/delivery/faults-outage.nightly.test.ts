import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { type MlflowServer, startMlflow } from 'testing/mlflow/server.js';
import { EXPERIMENT } from '../support/fault-proxy.js';
import { releaseScenarios, startScenario } from '../support/scenario.js';
import { lockDatabase } from '../support/sqlite-lock.js';
import { chatAttributes, childSpan, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

// A separate server, because these tests kill it and lock its database.
describe('outages of MLflow itself', () => {
  let directory: string;
  let server: MlflowServer;
  before(async function () {
    this.timeout(300_000);
    directory = await mkdtemp(join(tmpdir(), 'mlflow-outage-'));
    server = await startMlflow({ directory });
  });
  afterEach(releaseScenarios);
  after(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  function traces(count: number): ReadableSpan[] {
    return recordSpans((tracer) => {
      for (let n = 0; n < count; n++) {
        const root = tracer.startSpan(`agent ${n}`);
        childSpan(tracer, root, 'chat', chatAttributes('question', 'answer'));
        root.end();
      }
    });
  }

  /** These lines report one outage, in which so many spans waited and none was lost. */
  function expectOutage(told: readonly string[], spans: number): void {
    expect(told).to.have.length(2);
    expect(told[0]).to.match(
      new RegExp(`^warn: MLflow at http\\S+ cannot be reached \\(.+\\)\\. ${spans} spans wait\\.$`),
    );
    expect(told[1]).to.match(
      new RegExp(`^warn: MLflow takes spans again after [\\d.]+ s: 0 spans were not delivered, ${spans} waited\\.$`),
    );
  }

  it('delay spans while the database is locked, and deliver them once', async () => {
    const scenario = await startScenario({ server: server.url });
    await scenario.export(traces(1));
    // The server waits for 20 s before it answers 503.
    const unlock = await lockDatabase(join(directory, 'mlflow.db'));
    const exporting = scenario.export(traces(3));
    await scenario.proxy.answered(503);
    await unlock();
    await exporting;
    await scenario.end();
    expectOutage(scenario.told, 6);
  });

  it('leave an export that begins late its whole time, also to find the experiment', async () => {
    const scenario = await startScenario({
      server: server.url,
      rules: [{ route: EXPERIMENT, fault: { kind: 'answer', status: 503 }, times: 1_000 }],
      exporter: { timeoutMillis: 1_500, retry: { initialBackoffMillis: 20, maxBackoffMillis: 100 } },
    });
    const first = traces(1);
    const second = traces(2);
    const givenUp = scenario.export(first);
    await delay(1000);
    const exporting = scenario.export(second);
    expect((await givenUp).code).to.equal(FAILED);
    scenario.proxy.heal();
    expect((await exporting).code).to.equal(SUCCESS);
    await scenario.end([first]);
  });

  it('delay spans while the server is killed and started again', async () => {
    // Without the proxy, because the address of the exporter must have no listener for a while.
    const scenario = await startScenario({ server: server.url, exporter: { trackingUri: server.url } });
    await scenario.export(traces(2));
    const { port } = new URL(server.url);
    await server.kill();
    const exporting = Promise.all([scenario.export(traces(3)), scenario.export(traces(2))]);
    await server.close();
    while (scenario.told.length === 0) await delay(100);
    server = await startMlflow({ directory, port: Number(port) });
    await exporting;
    await scenario.end();
    expectOutage(scenario.told, 10);
  });
});
