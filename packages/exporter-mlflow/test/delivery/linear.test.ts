/** What one batch costs, counted in operations: twice the input may take a little more than twice as many. */

import type { Attributes, SpanContext } from '@opentelemetry/api';
import { expect } from 'chai';
import { finish } from '../../src/common/slices.js';
import { Preparation } from '../../src/export/prepare.js';
import { buildRecord } from '../../src/export/trace/record.js';
import { Topmost } from '../../src/export/trace/topmost.js';
import { MlflowSpanExporter, type ReadableSpan } from '../../src/index.js';
import { addPrompts, type PromptSet } from '../../src/mlflow/prompts.js';
import { eachTest } from '../support/each-test.js';
import { exportSpans, recordSpans } from '../support/tracing.js';

describe('work for one batch', () => {
  const { closing, startServer } = eachTest();
  const [span] = recordSpans((tracer) => tracer.startSpan('span').end());
  const traceId = '1'.repeat(32);
  const id = (n: number): string => n.toString(16).padStart(16, '0');

  function grows(operations: (size: number) => number): void {
    const [once, twice] = [operations(400), operations(800)];
    expect(once).to.be.above(0);
    expect(twice / once).to.be.below(2.5);
  }

  it('grows with the number of spans below a long chain of spans that are left out', () => {
    grows((size) => {
      let reads = 0;
      const context = (n: number): SpanContext => ({
        get traceId() {
          reads += 1;
          return traceId;
        },
        spanId: id(n),
        traceFlags: 1,
      });
      const at = (n: number, parent: number | undefined, name: string): ReadableSpan =>
        ({
          ...span!,
          name,
          spanContext: () => context(n),
          parentSpanContext: parent === undefined ? undefined : context(parent),
        }) as ReadableSpan;
      const chain = Array.from({ length: size }, (_, n) => at(n, n === 0 ? undefined : n - 1, 'left out')).reverse();
      const kept = Array.from({ length: size }, (_, n) => at(size + n, size - 1, 'kept'));
      const preparation = new Preparation({
        spanFilter: ({ name }) => name === 'kept',
        mask: undefined,
        onFault: () => {},
      });
      const { spans } = finish(preparation.prepare([...chain, ...kept]));
      expect(spans.filter(({ parentSpanContext }) => parentSpanContext === undefined)).to.have.length(size);
      return reads;
    });
  });

  it('grows with the number of prompts of a trace, one per span', () => {
    grows((size) => {
      let reads = 0;
      const known: PromptSet = new Map();
      const prompt = (n: number): { name: string; version: string } => ({
        get name() {
          reads += 1;
          return `prompt ${n}`;
        },
        version: '1',
      });
      for (let n = 0; n < size; n++) addPrompts(known, [prompt(n), prompt(0)]);
      expect(known.size).to.equal(size);
      buildRecord(
        span!,
        { prompts: known },
        { experimentId: '1', runId: undefined, sourceName: undefined, user: 'me' },
      );
      return reads;
    });
  });

  it('grows with the number of spans without a root, of which only one is read', () => {
    grows((size) => {
      let reads = 0;
      const topmost = new Topmost();
      const attributes = {
        get 'gen_ai.input.messages'() {
          reads += 1;
          return '[]';
        },
      } as Attributes;
      const spans = Array.from({ length: size }, (_, n): ReadableSpan => {
        const own: SpanContext = { traceId, spanId: id(n), traceFlags: 1 };
        const parentSpanContext: SpanContext = { traceId, spanId: id(n + 1), traceFlags: 1 };
        // Parents follow their children, and start before them.
        return { ...span!, attributes, spanContext: () => own, parentSpanContext, startTime: [size - n, 0] };
      });
      topmost.add(spans);
      expect(topmost.first?.spanContext().spanId).to.equal(id(size - 1));
      expect(reads).to.be.at.most(4);
      return size;
    });
  });

  it('needs as many requests for the links of prompts as there are traces', async () => {
    const requests: number[] = [];
    for (const size of [20, 40]) {
      const server = await startServer();
      const exporter = new MlflowSpanExporter({ trackingUri: server.url });
      closing.push(() => exporter.shutdown());
      const spans = recordSpans((tracer) => {
        for (let n = 0; n < size; n++) {
          const prompts = JSON.stringify([{ name: `prompt ${n}`, version: '1' }]);
          tracer.startSpan('root', { attributes: { 'mlflow.linkedPrompts': prompts } }).end();
        }
      });
      for (let n = 0; n < 4; n++) await exportSpans(exporter, spans.slice((n * size) / 4, ((n + 1) * size) / 4));
      expect(server.requests.filter(({ path }) => path.endsWith('/link-prompts'))).to.have.length(size);
      requests.push(server.requests.length);
    }
    expect(requests[1]! / requests[0]!).to.be.below(2.1);
  });
});
