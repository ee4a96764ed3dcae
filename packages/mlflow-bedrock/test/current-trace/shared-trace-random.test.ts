/** Hundreds of requests that share trace ids in several ways, in random order from a fixed seed. */

import { type Context, context, type Link, propagation, SpanKind, trace } from '@opentelemetry/api';
import { type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { state } from '../../src/current-trace/process-state.js';
import { CurrentTraceProcessor, traced, updateCurrentTrace } from '../../src/index.js';
import { type Headers, outgoing, received, serve, tracer } from '../support/http-like.js';
import { type Recording, recordSampled } from '../support/spans.js';

const REQUESTS = 250;
const MOST_AT_ONCE = 25;
const CANARY = /canary\d+\./g;

/** Text that may hold the canaries of these requests, and no others. */
interface Shown {
  readonly what: string;
  readonly text: string;
  readonly allowed: readonly (string | undefined)[];
}

const skippingSome: Sampler = {
  shouldSample: (_parent, _traceId, name) => ({
    decision: name.includes('skipped') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
  }),
};

/** A random number below 1, by mulberry32. */
function randomFrom(seed: number): () => number {
  let value = seed;
  return () => {
    value = (value + 0x6d2b79f5) | 0;
    let mixed = Math.imul(value ^ (value >>> 15), value | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Traffic {
  readonly headers: Shown[] = [];
  /** The request that passed its session and user on to this one. */
  readonly callers = new Map<string, string | undefined>();
  readonly #random: () => number;
  readonly #hasProcessor: boolean;
  readonly #traceparents: string[];
  readonly #sent: Headers[] = [];
  readonly #repeated: Promise<void>[] = [];
  #made = 0;

  constructor(seed: number, hasProcessor: boolean) {
    this.#random = randomFrom(seed);
    this.#hasProcessor = hasProcessor;
    this.#traceparents = Array.from({ length: 12 }, () => `00-${this.#hex(32)}-${this.#hex(16)}-01`);
  }

  async run(): Promise<void> {
    const running = new Set<Promise<void>>();
    while (this.#made < REQUESTS) {
      const another = this.#chance(0.2) ? this.#pick(this.#sent) : undefined;
      const one = this.#request(another ?? { traceparent: String(this.#pick(this.#traceparents)) });
      running.add(one);
      void one.then(() => running.delete(one));
      if (running.size >= MOST_AT_ONCE) await Promise.race(running);
    }
    await Promise.all(running);
    for (let one = this.#repeated.pop(); one !== undefined; one = this.#repeated.pop()) await one;
  }

  /** A request that gets its session and user at some time, and makes spans and requests before and after. */
  async #request(headers: Headers, around?: Context): Promise<void> {
    const owner = `canary${this.#made++}.`;
    const isSkipped = this.#chance(0.1);
    const baggage = propagation.getBaggage(received(headers, around));
    const caller = baggage?.getEntry('user.id')?.value;
    this.callers.set(owner, caller);
    let isKnown = false;
    const send = (active = context.active(), isCopy = false): Headers => {
      const sent = outgoing(active);
      // Without the processor, copies of spans of other instrumentations are not known.
      const isOwn = isKnown && !isSkipped && (this.#hasProcessor || !isCopy);
      const allowed = isOwn ? [owner] : [owner, caller];
      this.headers.push({ what: `header of ${owner}`, text: JSON.stringify(sent), allowed });
      this.#sent.push(sent);
      return sent;
    };
    const step = async (depth: number): Promise<void> => {
      await this.#pause();
      if (this.#chance(0.5) || depth === 3) {
        const sessionId = `session ${owner}`;
        const previews = { requestPreview: `${owner} asks`, responsePreview: `${owner} hears` };
        updateCurrentTrace({ sessionId, userId: owner, tags: { owner }, ...previews });
        isKnown = true;
      }
      const span = tracer().startSpan(`${owner} span${isKnown && !isSkipped ? ' known' : ''}`);
      if (this.#chance(0.3)) send();
      await this.#pause();
      if (this.#chance(0.3)) {
        const copy = trace.setSpan(context.active(), trace.wrapSpanContext(span.spanContext()));
        send(copy, true);
        if (this.#hasProcessor)
          context.with(
            copy,
            traced(`${owner} below copy`, () => void send()),
          );
      }
      if (this.#chance(0.25) && this.#made < REQUESTS) await callItself();
      if (depth < 3 && this.#chance(0.7)) await traced(`${owner} step`, () => step(depth + 1))();
      if (depth < 3 && this.#chance(0.2)) {
        await Promise.all([1, 2].map(() => traced(`${owner} part`, () => step(3))()));
      }
      span.end();
      send();
    };
    /** A request of the same trace in this process, with or without session and user, perhaps made twice. */
    const callItself = async (): Promise<void> => {
      const client = tracer().startSpan(`${owner} client`, { kind: SpanKind.CLIENT });
      await context.with(trace.setSpan(context.active(), client), async () => {
        const sent = send();
        const { baggage: _, ...withoutBaggage } = sent;
        const calls = Array.from({ length: this.#chance(0.3) ? 2 : 1 }, () =>
          this.#request(this.#chance(0.5) ? sent : withoutBaggage, this.#chance(0.5) ? context.active() : undefined),
        );
        this.#repeated.push(...calls);
        // The caller may give up and go on.
        await (this.#chance(0.5) ? Promise.race(calls) : this.#pause());
      });
      client.end();
    };
    const handler = traced(`${owner} handler`, () => step(0));
    const name = `${owner} root${isSkipped ? ' skipped' : ''}`;
    if (this.#chance(0.2)) {
      await context.with(received(headers, around), () => traced(name, () => step(0))());
      return;
    }
    const links: Link[] = this.#sent.slice(-2).map(({ traceparent = '' }) => {
      const [, traceId = '', spanId = ''] = traceparent.split('-');
      return { context: { traceId, spanId, traceFlags: 1 } };
    });
    await serve(name, headers, handler, { links, ...(around === undefined ? {} : { around }) });
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.#random() * values.length)];
  }

  #hex(digits: number): string {
    return Array.from({ length: digits }, () => Math.floor(this.#random() * 16).toString(16)).join('');
  }

  async #pause(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 4); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('many requests of a few traces', () => {
  let recording: Recording;
  afterEach(() => recording.stop());

  for (const seed of [1, 2026]) {
    for (const hasProcessor of [true, false]) {
      const how = `seed ${seed}, ${hasProcessor ? 'with' : 'without'} the processor`;
      it(`show nothing of one another in spans and headers (${how})`, async () => {
        recording = recordSampled(skippingSome, ...(hasProcessor ? [new CurrentTraceProcessor()] : []));
        const traffic = new Traffic(seed, hasProcessor);
        await traffic.run();

        const spans = recording.spans().map(({ name, attributes }): Shown => {
          const [owner] = name.split(' ');
          const allowed = name.endsWith(' known') ? [owner] : [owner, traffic.callers.get(String(owner))];
          return { what: name, text: JSON.stringify(attributes), allowed };
        });
        const strange = [...spans, ...traffic.headers].flatMap(({ what, text, allowed }) =>
          (text.match(CANARY) ?? [])
            .filter((canary) => !allowed.includes(canary))
            .map((canary) => `${canary} in ${what}`),
        );
        expect(strange).to.deep.equal([]);
        const own = traffic.headers.filter(({ text, allowed: [owner] }) => text.includes(String(owner)));
        expect(own.length, 'headers with session and user').to.be.above(REQUESTS);
        expect(spans.filter(({ text }) => text.includes('asks')).length, 'roots with previews').to.be.above(
          REQUESTS / 2,
        );
        expect(state.bySpanId.size, 'spans still known by their ids').to.equal(0);
      });
    }
  }
});
