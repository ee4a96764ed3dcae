/** Runs the programs of the pages against the simulator and MLflow, and looks for their spans. */

import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { buildPackages } from 'testing/build.js';
import { QUIET_ENV, simulatedEnvironment } from 'testing/examples.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { type OtlpReceiver, startOtlpReceiver } from 'testing/otlp-receiver.js';
import { readBlocks } from './support/docs-code/blocks.js';
import { programsOf, type Surroundings, writePrograms } from './support/docs-code/programs.js';
import { sourcesOf } from './support/docs-code/sources.js';

const ROOT = resolve(import.meta.dirname, '../..');
const CALL = ['chat amazon.nova-lite-v1:0'];

describe('a program in the documentation', function () {
  this.timeout(120_000);
  const sources = sourcesOf(readBlocks(ROOT));
  const programs = programsOf(sources);
  const surroundings = new Map<(typeof programs)[number], Surroundings>();
  let simulator: Simulator;
  let receiver: OtlpReceiver;
  let client: MlflowClient;
  let written: Awaited<ReturnType<typeof writePrograms>>;
  before(async () => {
    await buildPackages();
    simulator = await startSimulator();
    receiver = await startOtlpReceiver();
    const { url: mlflow } = await testServer();
    client = new MlflowClient({ trackingUri: mlflow });
    for (const program of programs) {
      surroundings.set(program, { mlflow, otlp: receiver.url, experiment: randomUUID() });
    }
    written = await writePrograms(ROOT, sources, surroundings);
  });
  after(async () => {
    written?.remove();
    client?.close();
    await receiver?.close();
    await simulator?.close();
  });

  async function inMlflow(experimentName: string): Promise<string[]> {
    const experiment = await client.getExperimentByName(experimentName);
    if (experiment === undefined) return [];
    const { traces } = await client.searchTraces({ experimentIds: [experiment.experimentId] });
    const all = await Promise.all(traces.map(({ traceId }) => client.getTrace(traceId)));
    return all.flatMap(({ spans }) => spans.map(({ name }) => name));
  }

  for (const program of programs) {
    const { page, number, runs, tracesTo = ['MLflow'] } = program.block;
    const expected = runs ?? CALL;
    it(`on ${page}:${number} runs, and its spans arrive: ${expected.join(', ') || 'none'}`, async () => {
      const { mlflow, otlp, experiment } = surroundings.get(program) as Surroundings;
      const before = receiver.spans.length;
      const { code, output } = await written.run(program, {
        ...simulatedEnvironment(simulator.url),
        ...QUIET_ENV,
        MLFLOW_TRACKING_URI: mlflow,
        MLFLOW_EXPERIMENT_NAME: experiment,
        ...(tracesTo.includes('OTLP') ? { OTEL_EXPORTER_OTLP_ENDPOINT: otlp } : {}),
      });
      expect(code, output).to.equal(0);
      if (tracesTo.includes('MLflow')) expect(await inMlflow(experiment), output).to.have.members(expected);
      const received = receiver.spans.slice(before).map(({ name }) => name);
      expect(received, output).to.have.members(tracesTo.includes('OTLP') ? expected : []);
    });
  }
});
