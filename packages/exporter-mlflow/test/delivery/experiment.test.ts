import { expect } from 'chai';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { collectDiag } from '../support/diag.js';
import { chatAttributes, exportSpans, FAILED, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

describe('the experiment', () => {
  const mlflow = useMlflow();
  let log: ReturnType<typeof collectDiag>;
  let exporters: MlflowSpanExporter[];
  beforeEach(() => {
    log = collectDiag();
    exporters = [];
  });
  afterEach(async () => {
    log.stop();
    await Promise.all(exporters.map((exporter) => exporter.shutdown()));
  });

  function newExporter(config: MlflowSpanExporterConfig): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({ trackingUri: mlflow.trackingUri, ...config });
    exporters.push(exporter);
    return exporter;
  }
  const oneTrace = (name = 'chat'): ReturnType<typeof recordSpans> =>
    recordSpans((tracer) => tracer.startSpan(name, { attributes: chatAttributes('Hi', 'Hello') }).end());
  const namesIn = async (experimentId: string): Promise<string[]> =>
    (await mlflow.client.searchTraces({ experimentIds: [experimentId] })).traces.map(({ name }) => name).sort();

  it('is created if its name is new, once for exporters that start together', async () => {
    const experimentName = uniqueName('made');
    const started = [1, 2, 3].map(() => newExporter({ experimentName }));
    const results = await Promise.all(started.map((exporter, n) => exportSpans(exporter, oneTrace(`trace ${n}`))));
    expect(results.map(({ code }) => code)).to.deep.equal([SUCCESS, SUCCESS, SUCCESS]);
    const experiment = await mlflow.client.getExperimentByName(experimentName);
    expect(experiment).to.deep.include({ name: experimentName, deleted: false });
    expect(await namesIn(experiment!.experimentId)).to.deep.equal(['trace 0', 'trace 1', 'trace 2']);
  });

  it('is found by its id', async () => {
    const experimentId = await mlflow.client.createExperiment(uniqueName('by-id'));
    await exportSpans(newExporter({ experimentId }), oneTrace('by id'));
    expect(await namesIn(experimentId)).to.deep.equal(['by id']);
  });

  it('must exist if its id is set', async () => {
    const result = await exportSpans(newExporter({ experimentId: '987654321' }), oneTrace());
    const message = `MLflow experiment 987654321 does not exist at ${mlflow.trackingUri}: set experimentId or MLFLOW_EXPERIMENT_ID to one that does, or use experimentName or MLFLOW_EXPERIMENT_NAME, which creates a missing one.`;
    expect(result.error?.message).to.equal(message);
    expect(log.lines).to.deep.equal([`error: ${message} 1 span was not delivered.`]);
  });

  for (const by of ['name', 'id']) {
    it(`takes nothing while it is deleted, found by ${by}, and everything once it is restored`, async () => {
      const experimentName = uniqueName('deleted');
      const experimentId = await mlflow.client.createExperiment(experimentName);
      await mlflow.client.deleteExperiment(experimentId);
      const exporter = newExporter(by === 'name' ? { experimentName } : { experimentId });
      const result = await exportSpans(exporter, oneTrace());
      const message = `MLflow experiment "${experimentName}" (id ${experimentId}) is deleted: restore it with "mlflow experiments restore --experiment-id ${experimentId}", or choose another with experimentName or MLFLOW_EXPERIMENT_NAME.`;
      expect(result.code).to.equal(FAILED);
      expect(result.error?.message).to.equal(message);
      await exportSpans(exporter, oneTrace());
      expect(log.lines).to.deep.equal([`error: ${message} 1 span was not delivered.`]);

      await restoreExperiment(experimentId);
      expect((await exportSpans(exporter, oneTrace('after'))).code).to.equal(SUCCESS);
      expect(await namesIn(experimentId)).to.deep.equal(['after']);
    });
  }

  it('is recognized as deleted while the program runs', async () => {
    const experimentName = uniqueName('mid-run');
    const exporter = newExporter({ experimentName });
    await exportSpans(exporter, oneTrace());
    const { experimentId } = await mlflow.client.getOrCreateExperiment(experimentName);
    await mlflow.client.deleteExperiment(experimentId);
    const result = await exportSpans(exporter, oneTrace());
    expect(result.code).to.equal(FAILED);
    expect(result.error?.message).to.match(/^MLflow experiment "mid-run-.*" \(id \d+\) is deleted: restore it/);
    expect(log.lines).to.have.length(1);
  });

  async function restoreExperiment(experimentId: string): Promise<void> {
    const response = await fetch(`${mlflow.trackingUri}/api/2.0/mlflow/experiments/restore`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ experiment_id: experimentId }),
    });
    expect(response.status).to.equal(200);
  }
});
