import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import type { ExportResult } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowClient, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { expectOnServer } from './arrived.js';
import { collectDiag } from './diag.js';
import { type FaultProxy, type FaultRule, startFaultProxy } from './fault-proxy.js';
import { SUCCESS, uniqueName } from './tracing.js';

interface ScenarioOptions {
  /** The real MLflow server. */
  server: string;
  rules?: FaultRule[];
  exporter?: MlflowSpanExporterConfig;
  /** How much the heap may grow during the test, in megabytes. Default: 16. */
  heapMegabytes?: number;
  /** How long the application's event loop may be blocked at once. Default: 500, for two shared cores. */
  blockedMillis?: number;
}

/**
 * A real server behind a proxy with faults, and exporters in front of the proxy. A test adds faults and exports spans.
 * `end()` then checks what must hold in any case.
 */
export interface Scenario {
  proxy: FaultProxy;
  experimentName: string;
  /** Talks to the server directly, without faults. */
  client: MlflowClient;
  /** What the exporters logged. */
  told: string[];
  newExporter(config?: MlflowSpanExporterConfig): MlflowSpanExporter;
  /** Exports, by default with the first exporter. */
  export(spans: ReadableSpan[], exporter?: MlflowSpanExporter): Promise<ExportResult>;
  /** Flushes the exporters. */
  flush(): Promise<unknown>;
  /**
   * Shuts the exporters down, then checks: every export was called back exactly once, and with success unless its spans
   * are `lost`; the server has the other spans and nothing else, each once; every fault took place; the heap and the
   * event loop kept within their bounds; no socket and no timer is left.
   */
  end(lost?: ReadableSpan[][]): Promise<void>;
}

const MEGABYTE = 1024 * 1024;
const unreleased = new Set<() => Promise<void>>();

/** Closes the scenarios of a test that failed before its end. For `afterEach`. */
export async function releaseScenarios(): Promise<void> {
  await Promise.all([...unreleased].map((release) => release()));
}

export async function startScenario(options: ScenarioOptions): Promise<Scenario> {
  const { server, rules = [], heapMegabytes = 16, blockedMillis = 500 } = options;
  // Mocha sets its own timer after the test function has returned its promise.
  await setImmediate();
  const resourcesBefore = openResources();
  const log = collectDiag();
  const client = new MlflowClient({ trackingUri: server });
  const proxy = await startFaultProxy(server, rules);
  const experimentName = uniqueName('fault');
  const exporters: MlflowSpanExporter[] = [];
  const exports: { spans: ReadableSpan[]; results: ExportResult[] }[] = [];
  const heapBefore = usedHeap();
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();

  const newExporter = (config: MlflowSpanExporterConfig = {}): MlflowSpanExporter => {
    const exporter = new MlflowSpanExporter({
      trackingUri: proxy.url,
      experimentName,
      retry: { initialBackoffMillis: 20 },
      ...options.exporter,
      ...config,
    });
    exporters.push(exporter);
    return exporter;
  };
  newExporter();
  const release = async (): Promise<void> => {
    unreleased.delete(release);
    loop.disable();
    log.stop();
    client.close();
    // The proxy closes first, so that no exporter waits for an answer.
    await proxy.close();
    await Promise.all(exporters.map((exporter) => exporter.shutdown()));
  };
  unreleased.add(release);

  return {
    proxy,
    experimentName,
    client,
    told: log.lines,
    newExporter,
    export: (spans, exporter = exporters[0]) => {
      const record = { spans, results: [] as ExportResult[] };
      exports.push(record);
      return new Promise((resolve) => {
        exporter?.export(spans, (result) => {
          record.results.push(result);
          resolve(result);
        });
      });
    },
    flush: () => Promise.all(exporters.map((exporter) => exporter.forceFlush())),
    async end(lost = []) {
      try {
        await Promise.all(exporters.map((exporter) => exporter.shutdown()));
        loop.disable();
        expect(loop.max / 1e6, 'event loop blocked, in milliseconds').to.be.below(blockedMillis);
        expect(
          (usedHeap() - heapBefore) / MEGABYTE,
          'heap kept, in megabytes, besides what was there before',
        ).to.be.below(heapMegabytes);
        for (const { spans, results } of exports) {
          expect(results, 'callbacks of one export').to.have.length(1);
          if (!lost.includes(spans)) expect(results[0], log.lines.join('\n')).to.deep.equal({ code: SUCCESS });
        }
        const arrived = exports.map(({ spans }) => spans).filter((spans) => !lost.includes(spans));
        await expectOnServer(client, experimentName, new Set(arrived.flat()));
        expect(proxy.unused(), 'faults that never took place').to.deep.equal([]);
      } finally {
        await release();
      }
      await expectReleased(resourcesBefore);
    },
  };
}

/** Sockets and timers that keep a process running, by kind. */
function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (/TCP|TLS|Timeout/.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Waits for the sockets, which close a moment later. */
async function expectReleased(before: Map<string, number>): Promise<void> {
  const more = (): string[] =>
    [...openResources()]
      .filter(([kind, count]) => count > (before.get(kind) ?? 0))
      .map(([kind, count]) => `${kind}: ${before.get(kind) ?? 0} before, ${count} after`);
  for (let tries = 0; more().length > 0 && tries < 50; tries++) {
    await delay(10);
    // The pause is a timer too, which counts until the event loop went on.
    await setImmediate();
  }
  expect(more(), 'sockets and timers left').to.deep.equal([]);
}

function usedHeap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
