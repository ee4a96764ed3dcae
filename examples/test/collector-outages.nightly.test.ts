/** Proves that no trace is lost while a part behind the Collector, or the Collector itself, is unavailable. */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient, type MlflowConnectionConfig } from 'opentelemetry-exporter-mlflow';
import { buildOtelcol, type Otelcol, startOtelcol, whyNoOtelcol } from 'testing/otelcol.js';
import { type OtlpReceiver, startOtlpReceiver } from 'testing/otlp-receiver.js';
import type { Server } from 'testing/server.js';
import { NOTHING_LOST, type SteadyAgent, startSteadyAgent } from 'testing/steady-agent.js';
import { startTopology, type Topology } from 'testing/topology.js';

const MINUTE = 60_000;
/** Longer than MLflow caches a checked password with the settings of docker-compose.yml. */
const LONGER_THAN_AUTH_CACHE = 75_000;
const SHORT = 15_000;
/** Below the 29 s for which the exporter retries. */
const MOST_SECONDS = 25;
const DRAIN_MILLIS = 60_000;
const SPANS_PER_TRACE = 2;
const ADMIN = { username: 'admin', password: 'correct horse battery' };
const WITH_PASSWORD = {
  MLFLOW_AUTH_ADMIN_PASSWORD: ADMIN.password,
  MLFLOW_FLASK_SERVER_SECRET_KEY: randomUUID(),
};
const TO_COLLECTOR = join(import.meta.dirname, 'programs/tracing-to-collector.ts');

/** PostgreSQL, S3 and MLflow, a Collector in front of them, and an application that sends to the Collector. */
interface Site {
  readonly topology: Topology;
  readonly mlflow: MlflowConnectionConfig;
  readonly collector: Otelcol;
  readonly agent: SteadyAgent;
  readonly backend: OtlpReceiver;
  readonly experimentId: string;
}

describe('with a Collector in front of MLflow', function () {
  this.timeout(420_000);
  let simulator: Simulator;
  let quietSite: Site | undefined;
  const closing: (() => Promise<void> | void)[] = [];

  before(async function () {
    // The first build takes minutes.
    this.timeout(900_000);
    const reason = process.platform === 'win32' ? 'There is no PostgreSQL for Windows on PyPI.' : await whyNoOtelcol();
    if (reason !== undefined) {
      console.log(`    Skipped: ${reason}`);
      return this.skip();
    }
    await buildOtelcol((line) => console.log(`    ${line}`));
    simulator = await startSimulator();
    closing.push(() => simulator.close());
  });
  after(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function startSite(asksForPassword = false): Promise<Site> {
    const settings = asksForPassword ? WITH_PASSWORD : {};
    const topology = await startTopology({ settings: { MLFLOW_WORKERS: '1', ...settings } });
    closing.push(topology.close);
    const mlflow = { trackingUri: topology.url, ...(asksForPassword ? ADMIN : {}) };
    const basic = Buffer.from(`${ADMIN.username}:${ADMIN.password}`).toString('base64');
    const client = new MlflowClient(mlflow);
    const experimentId = await client.createExperiment('through a Collector');
    client.close();
    const backend = await startOtlpReceiver();
    closing.push(backend.close);
    const collector = await startOtelcol(['config.yaml'], {
      MLFLOW_TRACKING_URI: topology.url,
      MLFLOW_EXPERIMENT_ID: experimentId,
      ...(asksForPassword ? { MLFLOW_AUTHORIZATION: `Basic ${basic}` } : {}),
      OTLP_BACKEND_ENDPOINT: backend.url,
    });
    closing.push(collector.close);
    const agent = startSteadyAgent(
      { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url, COLLECTOR_URL: collector.url },
      TO_COLLECTOR,
    );
    closing.push(agent.close);
    await agent.makes(1);
    return { topology, mlflow, collector, agent, backend, experimentId };
  }

  /** Ends the application and waits until both backends have all traces, or a deadline. Counts the missing traces. */
  async function lost({ mlflow, agent, backend, experimentId }: Site): Promise<Record<'inMlflow' | 'inOther', number>> {
    expect(await agent.finish()).to.match(NOTHING_LOST);
    const deadline = Date.now() + DRAIN_MILLIS;
    for (;;) {
      const atMlflow = await wholeTraces(mlflow, experimentId);
      const atOther = wholeTracesOf(backend);
      const inMlflow = agent.traceIds.filter((traceId) => !atMlflow.has(traceId)).length;
      const inOther = agent.traceIds.filter((traceId) => !atOther.has(traceId)).length;
      if (inMlflow + inOther === 0 || Date.now() > deadline) return { inMlflow, inOther };
      await delay(500);
    }
  }

  it('no trace is lost while MLflow, the database or the object store is gone for a minute, or the Collector for 15 s', async () => {
    // Started one after another, so that `closing` has all started parts if the next one fails.
    const sites = [await startSite(), await startSite(true), await startSite()] as const;
    const [mlflowAway, databaseAway, storeAway] = sites;
    // The outages run side by side to save time.
    await Promise.all([
      isAway(mlflowAway.topology.parts.mlflow, MINUTE),
      // Its queue then has the traces of half a minute, which only its disk can keep.
      delay(MINUTE / 2).then(() => mlflowAway.collector.restart()),
      isAway(databaseAway.topology.parts.postgres, LONGER_THAN_AUTH_CACHE),
      isAway(storeAway.topology.parts.minio, MINUTE),
      delay(SHORT).then(() => isAway(storeAway.collector, SHORT)),
    ]);
    for (const { agent } of sites) expect(agent.traceIds).to.have.length.greaterThan(100);
    const nothing = { inMlflow: 0, inOther: 0 };
    const [mlflow, database, store] = await Promise.all(sites.map(lost));
    expect({ mlflow, database, store }).to.deep.equal({ mlflow: nothing, database: nothing, store: nothing });
    // Closed here, because the test below needs an idle machine.
    for (const { topology } of [mlflowAway, databaseAway]) await topology.close();
    quietSite = storeAway;
  });

  it('no trace is lost while MLflow is gone for 15 s, even if the application does not use the Collector', async function () {
    if (quietSite === undefined) return this.skip();
    const { url, parts } = quietSite.topology;
    const restarted = performance.now();
    await parts.mlflow.restart();
    const startsIn = performance.now() - restarted;
    const experimentName = 'without a Collector';
    const agent = startSteadyAgent({
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
      MLFLOW_TRACKING_URI: url,
      MLFLOW_EXPERIMENT_NAME: experimentName,
    });
    closing.push(agent.close);
    await agent.makes(1);
    expect(await missing(url, experimentName, agent.traceIds)).to.deep.equal([]);

    await parts.mlflow.stop();
    const stopped = performance.now();
    await delay(SHORT - startsIn);
    await parts.mlflow.start();
    const gone = Math.round((performance.now() - stopped) / 1_000);
    if (gone > MOST_SECONDS) {
      console.log(`    Skipped: MLflow took so long to start on this busy machine that it was gone for ${gone} s.`);
      return this.skip();
    }
    await delay(SHORT - 1_000 * gone);
    await agent.makes(1);
    expect(await missing(url, experimentName, agent.traceIds)).to.deep.equal([]);
    expect(await agent.finish()).to.match(NOTHING_LOST);
  });
});

/** Kills a part and starts it again after this time. */
async function isAway(part: Server, millis: number): Promise<void> {
  await part.stop();
  await delay(millis);
  await part.start();
}

/** Waits until MLflow has these traces or stops receiving more. Returns the missing ones. */
async function missing(trackingUri: string, experimentName: string, traceIds: readonly string[]): Promise<string[]> {
  const client = new MlflowClient({ trackingUri });
  const made = [...traceIds];
  const deadline = Date.now() + DRAIN_MILLIS;
  try {
    for (;;) {
      const experiment = await client.getExperimentByName(experimentName);
      const there = experiment === undefined ? new Set() : await wholeTraces({ trackingUri }, experiment.experimentId);
      const absent = made.filter((traceId) => !there.has(traceId));
      if (absent.length === 0 || Date.now() > deadline) return absent;
      await delay(500);
    }
  } finally {
    client.close();
  }
}

/** Returns the ids of traces with both the agent's span, which has the state, and the model call with its tokens. */
async function wholeTraces(mlflow: MlflowConnectionConfig, experimentId: string): Promise<Set<string>> {
  const client = new MlflowClient(mlflow);
  const found = new Set<string>();
  try {
    let pageToken: string | undefined;
    do {
      const search = { experimentIds: [experimentId], maxResults: 500 };
      const page = await client.searchTraces(pageToken === undefined ? search : { ...search, pageToken });
      for (const { traceId, state, tokenUsage } of page.traces) {
        if (state === 'OK' && tokenUsage !== undefined) found.add(traceId);
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return found;
  } finally {
    client.close();
  }
}

function wholeTracesOf({ spans }: OtlpReceiver): Set<string> {
  const found = new Map<string, Set<string>>();
  for (const { traceId, spanId } of spans) found.set(traceId, (found.get(traceId) ?? new Set()).add(spanId));
  return new Set([...found].filter(([, spanIds]) => spanIds.size === SPANS_PER_TRACE).map(([id]) => `tr-${id}`));
}
