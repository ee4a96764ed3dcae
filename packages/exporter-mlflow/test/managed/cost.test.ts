/** The cost of traces on servers that do not compute it. */

import { expect } from 'chai';
import type { Workspace } from 'testing/managed/databricks/workspace.js';
import { MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { eachWorkspace, TOKEN } from '../support/databricks.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import { chatAttributes, childSpan, exportSpans, MODEL, recordSpans } from '../support/tracing.js';

const LIST = JSON.stringify({
  models: { [MODEL]: { pricing: { input_per_million_tokens: 3, output_per_million_tokens: 15 } } },
});
/** Of ten tokens in and five out. */
const PRICE = (10 * 3 + 5 * 15) / 1e6;

describe('a trace on a managed server', () => {
  const test = eachTest();
  const workspaces = eachWorkspace(test.closing);
  let workspace: Workspace;
  beforeEach(async () => {
    workspace = await workspaces.start();
    workspace.experiments.set('7', '/Shared/traces');
  });

  function newExporter(config: MlflowSpanExporterConfig): MlflowSpanExporter {
    const exporter = new MlflowSpanExporter({
      trackingUri: 'databricks',
      experimentId: '7',
      retry: { initialBackoffMillis: 1, maxRetries: 1 },
      ...config,
    });
    test.closing.push(() => exporter.shutdown());
    return exporter;
  }
  /** Exports an agent with two model calls. Returns the cost in the record of its trace. */
  async function costOfAgent(exporter: MlflowSpanExporter): Promise<Record<string, number> | undefined> {
    const spans = recordSpans((tracer) => {
      const agent = tracer.startSpan('agent');
      for (let n = 0; n < 2; n++) childSpan(tracer, agent, 'call', chatAttributes('Hello?', 'Hello.'));
      agent.end();
    });
    await exportSpans(exporter, spans);
    const { traceId } = spans[0]?.spanContext() ?? {};
    const cost = workspace.records.get(`tr-${traceId}`)?.trace_metadata?.['mlflow.trace.cost'];
    expect(workspace.records.has(`tr-${traceId}`)).to.equal(true);
    // As Python's client reads them.
    const file = workspace.file(`tr-${traceId}`) as { spans: { name: string; attributes: Record<string, string> }[] };
    const ofSpans = file.spans.map(({ attributes }) => attributes['mlflow.llm.cost']);
    const ofCall = cost === undefined ? undefined : (JSON.parse(ofSpans[1] ?? '') as Record<string, number>);
    expect(ofSpans).to.deep.equal([undefined, ofSpans[1], ofSpans[1]]);
    expect(ofCall?.['total_cost']).to.equal(cost === undefined ? undefined : 10 * (3 / 1e6) + 5 * (15 / 1e6));
    return cost === undefined ? undefined : (JSON.parse(cost) as Record<string, number>);
  }

  it('has the cost of its model calls, from one price list for all exports', async () => {
    const catalog = await test.startServer(() => ({ status: 200, body: LIST }));
    const exporter = newExporter({ modelCatalogUri: `${catalog.url}/prices` });
    for (let n = 0; n < 2; n++) {
      const cost = await costOfAgent(exporter);
      expect(cost?.['total_cost']).to.be.closeTo(2 * PRICE, 1e-12);
      expect(cost?.['input_cost']).to.be.closeTo(2 * 10 * (3 / 1e6), 1e-12);
    }
    expect(catalog.requests.map(({ path }) => path)).to.deep.equal(['/prices/bedrock.json']);
    expect(JSON.stringify(catalog.requests)).to.not.include(TOKEN);
  });

  it('keeps the cost that the application has recorded', async () => {
    const catalog = await test.startServer(() => ({ status: 200, body: LIST }));
    const cost = { 'mlflow.llm.cost': '{"input_cost":3,"output_cost":4,"total_cost":7}' };
    await exportSpans(
      newExporter({ modelCatalogUri: catalog.url }),
      recordSpans((tracer) => tracer.startSpan('call', { attributes: { ...chatAttributes('?', '!'), ...cost } }).end()),
    );
    const [record] = workspace.records.values();
    expect(JSON.parse(record?.trace_metadata?.['mlflow.trace.cost'] ?? '')).to.include({ total_cost: 7 });
    expect(catalog.requests).to.have.length(0);
  });

  it('has no cost if the application has recorded one that is null or unreadable', async () => {
    const catalog = await test.startServer(() => ({ status: 200, body: LIST }));
    const exporter = newExporter({ modelCatalogUri: catalog.url });
    const calls = recordSpans((tracer) => {
      for (const cost of ['null', '{"total_cost":NaN}', 'free', 0]) {
        tracer.startSpan('call', { attributes: { ...chatAttributes('?', '!'), 'mlflow.llm.cost': cost } }).end();
      }
    });
    await exportSpans(exporter, calls);
    expect(workspace.records.size).to.equal(4);
    for (const { trace_metadata } of workspace.records.values()) {
      expect(trace_metadata).to.not.have.property('mlflow.trace.cost');
    }
    expect(catalog.requests).to.have.length(0);
  });

  it('has the cost of prices that are read for every export, if they may not be kept', async () => {
    const catalog = await test.startServer(() => ({ status: 200, body: LIST }));
    process.env['MLFLOW_MODEL_CATALOG_CACHE_TTL'] = '0';
    const exporter = newExporter({ modelCatalogUri: catalog.url });
    for (let n = 0; n < 2; n++) expect((await costOfAgent(exporter))?.['total_cost']).to.be.closeTo(2 * PRICE, 1e-12);
    expect(catalog.requests).to.have.length(2);
  });

  it('has no cost if the address of the prices is empty, and nothing is fetched', async () => {
    process.env['MLFLOW_MODEL_CATALOG_URI'] = '';
    expect(await costOfAgent(newExporter({}))).to.equal(undefined);
    expect(test.log.lines.join('\n')).to.not.include('price');
  });

  it('arrives without cost if the prices do not, in spite of a short time', async () => {
    const catalog = await test.startServer(() => () => {});
    const exporter = newExporter({ modelCatalogUri: catalog.url, timeoutMillis: 1500 });
    expect(await costOfAgent(exporter)).to.equal(undefined);
    expect(catalog.requests).to.have.length(1);
    expect(test.log.lines.filter((line) => line.includes('price list'))).to.have.length(1);
  });

  it('does not keep a flush from ending while the prices are on their way', async () => {
    const catalog = await test.startServer(() => () => {});
    const exporter = newExporter({ modelCatalogUri: catalog.url });
    const exporting = exportSpans(
      exporter,
      recordSpans((tracer) => tracer.startSpan('call', { attributes: chatAttributes('Hello?', 'Hello.') }).end()),
    );
    const begin = performance.now();
    await exporter.forceFlush({ timeoutMillis: 200 });
    await exporting;
    expect(performance.now() - begin).to.be.lessThan(2500);
  });
});

describe('a server of its own', () => {
  const test = eachTest();

  it('gets no cost from the exporter, which fetches no prices', async () => {
    const catalog = await test.startServer(() => ({ status: 200, body: LIST }));
    const { url: trackingUri, requests } = await test.startServer();
    const exporter = new MlflowSpanExporter({ trackingUri, modelCatalogUri: catalog.url, modelCatalogTtlSeconds: -1 });
    test.closing.push(() => exporter.shutdown());
    const [span] = recordSpans((tracer) =>
      tracer.startSpan('call', { attributes: chatAttributes('Hi?', 'Hi.') }).end(),
    );
    await exportSpans(exporter, span === undefined ? [] : [span]);
    expect(requests.map(({ path }) => path)).to.include('/v1/traces');
    expect(catalog.requests).to.have.length(0);
  });
});

describe('the time for which prices are in use', () => {
  const test = eachTest();
  const environment = eachEnvironment();

  it('must be a number of seconds', async () => {
    environment.set({ DATABRICKS_HOST: 'http://127.0.0.1:9', DATABRICKS_TOKEN: TOKEN });
    const exporter = new MlflowSpanExporter({ trackingUri: 'databricks', modelCatalogTtlSeconds: -1 });
    await exporter.shutdown();
    expect(test.log.lines).to.deep.equal([
      'error: MLflow exporter: modelCatalogTtlSeconds or MLFLOW_MODEL_CATALOG_CACHE_TTL is -1, it must be a number of seconds from 0.',
    ]);
  });
});
