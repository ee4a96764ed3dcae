/** The application's own middleware, inputs and cached handlers, with and without the instrumentation. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { context, DiagLogLevel, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { errorView, sameAsUntraced, turns } from '../support/compare.js';
import { beforeEachTest } from '../support/simulation.js';
import { createClient, json, type Tracing } from '../support/tracing.js';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const converse = (text = 'Hi'): sdk.ConverseCommandInput => ({
  modelId: MODEL,
  messages: [{ role: 'user', content: [{ text }] }],
});

const STEPS = ['initialize', 'serialize', 'build', 'finalizeRequest', 'deserialize'] as const;
const PRIORITIES = ['high', 'normal', 'low'] as const;

/** The part of the middleware types that these tests need, the same for all steps. */
type Next = (args: { input?: unknown; request?: unknown }) => Promise<{ output: object; response: unknown }>;
type AnyMiddleware = (next: Next) => Next;
interface Stack {
  add(middleware: AnyMiddleware, options: object): void;
  addRelativeTo(middleware: AnyMiddleware, options: object): void;
  identify(): string[];
  clone(): Stack;
}

/** The line of our middleware in `identify()`. */
const MIDDLEWARE = 'opentelemetry-instrumentation-bedrock - deserialize';

const stackOf = (owner: { middlewareStack: unknown }): Stack => owner.middlewareStack as Stack;
const ours = (owner: { middlewareStack: unknown }): string[] =>
  stackOf(owner)
    .identify()
    .filter((name) => name === MIDDLEWARE);

/** Collects warnings and errors until `diag.disable()`. */
function captureDiag(): string[] {
  const lines: string[] = [];
  const log = (...words: unknown[]): void => void lines.push(words.map(String).join(' '));
  diag.setLogger({ error: log, warn: log, info: () => {}, debug: () => {}, verbose: () => {} }, DiagLogLevel.WARN);
  return lines;
}

describe('an application with middleware and inputs of its own', () => {
  let simulator: Simulator;
  let tracing: Tracing;
  let client: sdk.BedrockRuntimeClient;
  beforeEachTest((parts) => {
    ({ simulator, tracing, client } = parts);
  });

  it('has its middleware run in the same order, of every step and priority, on client and command', async () => {
    const order = await sameAsUntraced(tracing, async () => {
      const seen: string[] = [];
      const own = createClient(simulator.url);
      const command = new sdk.ConverseCommand(converse());
      for (const [place, stack] of [
        ['client', stackOf(own)],
        ['command', stackOf(command)],
      ] as const) {
        const watch =
          (name: string): AnyMiddleware =>
          (next) =>
          async (args) => {
            seen.push(`${name} in`);
            const result = await next(args);
            seen.push(`${name} out`);
            return result;
          };
        for (const step of STEPS) {
          for (const priority of PRIORITIES) {
            const name = `${place} ${step} ${priority}`;
            stack.add(watch(name), { step, priority, name });
          }
        }
        for (const relation of ['before', 'after']) {
          const name = `${place} ${relation} deserializerMiddleware`;
          stack.addRelativeTo(watch(name), { relation, toMiddleware: 'deserializerMiddleware', name });
        }
      }
      await own.send(command);
      own.destroy();
      return seen;
    });
    expect(order).to.have.lengthOf(2 * 2 * (STEPS.length * PRIORITIES.length + 2));
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('has the server on its spans if middleware replaces the context, and without a context manager', async () => {
    const own = createClient(simulator.url);
    const replace: AnyMiddleware = (next) => (args) => context.with(ROOT_CONTEXT, () => next(args));
    stackOf(own).add(replace, { step: 'build', name: 'replace' });
    await own.send(new sdk.ConverseCommand(converse()));
    own.destroy();
    context.disable();
    await Promise.all([
      client.send(new sdk.ConverseCommand(converse())),
      client.send(new sdk.ConverseCommand(converse())),
    ]);
    const servers = tracing.spans().map(({ attributes }) => attributes['server.address']);
    expect(servers).to.deep.equal(Array(3).fill(new URL(simulator.url).hostname));
  });

  it('may change input, request, response and output in its middleware', async () => {
    const output = { replaced: true, $metadata: {} };
    const seen = await sameAsUntraced(tracing, async () => {
      const own = createClient(simulator.url);
      let handed: unknown;
      let got: unknown;
      stackOf(own).add((next) => async (args) => ({ ...(await next({ ...args, input: converse('Other') })), output }), {
        step: 'initialize',
      });
      stackOf(own).add(
        (next) => async (args) => {
          Object.assign((args.request as { headers: object }).headers, { 'x-own': 'yes' });
          const result = await next(args);
          got = result.response;
          return { ...result, response: result.response };
        },
        { step: 'deserialize', priority: 'low' },
      );
      const { handle } = own.config.requestHandler;
      own.config.requestHandler.handle = async function (this: unknown, ...args: unknown[]) {
        const answer = await (handle as (...args: unknown[]) => Promise<{ response: unknown }>).apply(this, args);
        handed = answer.response;
        return answer;
      } as never;
      const answer = await own.send(new sdk.ConverseCommand(converse()));
      own.destroy();
      const { body, headers } = simulator.requests.at(-1) ?? {};
      return {
        isOwnOutput: (answer as object) === output,
        isSameResponse: got === handed,
        body,
        own: headers?.['x-own'],
      };
    });
    expect(seen).to.deep.include({ isOwnOutput: true, isSameResponse: true, own: 'yes' });
  });

  it('gets the same errors if its middleware or request handler throws or returns wrong values', async () => {
    const thrown = Object.freeze(new Error('frozen'));
    for (const [step, middleware] of [
      ['initialize', () => Promise.reject(thrown)],
      ['deserialize', () => Promise.reject(thrown)],
      ['initialize', () => Promise.reject('text')],
      ['initialize', () => Promise.reject(undefined)],
      ['initialize', () => Promise.resolve({ output: undefined })],
      ['finalizeRequest', () => Promise.resolve(undefined)],
      ['deserialize', () => Promise.resolve(undefined)],
      ['deserialize', () => Promise.resolve({ response: null })],
    ] as const) {
      const count = tracing.spans().length;
      const seen = await sameAsUntraced(tracing, async () => {
        const own = createClient(simulator.url);
        stackOf(own).add(() => middleware as never, { step, priority: 'low' });
        const answer = await own.send(new sdk.ConverseCommand(converse())).catch((error: unknown) => [error]);
        own.destroy();
        return Array.isArray(answer) && answer[0] !== thrown && answer[0] instanceof Error
          ? errorView(answer[0])
          : answer;
      });
      if (Array.isArray(seen) && seen[0] instanceof Error) expect(seen[0]).to.equal(thrown);
      expect(tracing.spans()).to.have.lengthOf(count + 1);
    }
    const own = createClient(simulator.url, { requestHandler: { handle: async () => undefined } as never });
    await sameAsUntraced(tracing, () => own.send(new sdk.ConverseCommand(converse())).catch(errorView));
  });

  it('has its call sent and traced if reading the request or response throws', async () => {
    // Here only the instrumentation reads these members.
    const locked = <Value extends object>(value: Value, member: string): Value =>
      new Proxy(value, {
        get(target, key) {
          if (key === member) throw new Error(`${member} is not to be read`);
          return Reflect.get(target, key) as unknown;
        },
      });
    const body = Buffer.from('{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"end_turn"}');
    const handle = () =>
      Promise.resolve({ response: { statusCode: 200, headers: locked({}, 'x-amzn-bedrock-input-token-count'), body } });
    const own = createClient(simulator.url, { requestHandler: { handle } as never });
    stackOf(own).add((next) => (args) => next({ ...args, request: locked(args.request as object, 'port') }), {
      step: 'deserialize',
      priority: 'low',
    });
    const seen = await sameAsUntraced(tracing, () =>
      own.send(new sdk.ConverseCommand(converse())).then(({ stopReason }) => stopReason, errorView),
    );
    expect(seen).to.equal('end_turn');
    expect(tracing.spans()[0]?.attributes).to.include.keys('gen_ai.response.finish_reasons');
  });

  it('sees the same middleware stacks, except for one named middleware on the client', async () => {
    // Decision: `identify()` lists the middleware from the first traced call on. No class is patched instead.
    const others = (names: string[]): string[] => names.filter((name) => name !== MIDDLEWARE);
    let listed: string[] = [];
    await sameAsUntraced(tracing, async () => {
      const own = createClient(simulator.url);
      const seen = [stackOf(own).identify()];
      stackOf(own).add((next) => (args) => next(args), { step: 'build', name: 'mine' });
      const command = new sdk.ConverseCommand(converse());
      seen.push(stackOf(command).identify());
      const answer = own.send(command);
      seen.push(stackOf(own).identify());
      await answer;
      await own.send(new sdk.ConverseCommand(converse()));
      listed = stackOf(own).identify();
      seen.push(listed, stackOf(command).identify());
      own.destroy();
      return seen.map(others);
    });
    expect(listed.filter((name) => name === MIDDLEWARE)).to.have.lengthOf(1);
    expect(listed.at(-1)).to.equal(MIDDLEWARE);
    expect(tracing.spans()).to.have.lengthOf(2);
  });

  it('may replace the stack of a client: each stack gets the middleware once, copies included', async () => {
    const lines = captureDiag();
    const own = createClient(simulator.url);
    await own.send(new sdk.ConverseCommand(converse()));
    Object.assign(own, { middlewareStack: stackOf(own).clone() });
    await own.send(new sdk.ConverseCommand(converse()));
    expect(ours(own)).to.have.lengthOf(1);
    Object.assign(own, { middlewareStack: createClient(simulator.url).middlewareStack });
    await own.send(new sdk.ConverseCommand(converse()));
    expect(ours(own)).to.have.lengthOf(1);
    own.destroy();
    diag.disable();
    expect(lines).to.deep.equal([]);
    const servers = tracing.spans().map(({ attributes }) => attributes['server.address']);
    expect(servers).to.deep.equal(Array(3).fill(new URL(simulator.url).hostname));
  });

  it('may refuse the middleware: spans then lack the server only, and one line reports it', async () => {
    const lines = captureDiag();
    const seen = await sameAsUntraced(tracing, async () => {
      const own = createClient(simulator.url);
      const add = stackOf(own).add;
      stackOf(own).add = (middleware, options) => {
        if ('name' in options && String(options.name).includes('opentelemetry')) throw new Error('is closed');
        add(middleware, options);
      };
      Object.freeze(stackOf(own));
      const answers = await Promise.all([1, 2].map(() => own.send(new sdk.ConverseCommand(converse()))));
      own.destroy();
      return answers.map(({ stopReason }) => stopReason);
    });
    diag.disable();
    expect(seen).to.deep.equal(['end_turn', 'end_turn']);
    expect(tracing.spans()).to.have.lengthOf(2);
    for (const { attributes } of tracing.spans()) {
      expect(attributes).to.not.have.any.keys('server.address', 'server.port');
      expect(attributes).to.include.keys('gen_ai.usage.input_tokens', 'http.response.status_code', 'aws.request_id');
    }
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include(
      'adding a middleware failed; spans lack the server and the token counts of response headers (said once)',
    );
  });

  it('gets one middleware from two builds of this package, and has the calls of both observed', async () => {
    // A second instance of the module, like the CommonJS build beside the ES module build.
    const second = (await import(`${new URL('../../src/sdk/http-exchange.ts', import.meta.url)}?second`)) as {
      observeExchanges(client: object): void;
    };
    const own = createClient(simulator.url);
    await own.send(new sdk.ConverseCommand(converse()));
    second.observeExchanges(own);
    await own.send(new sdk.ConverseCommand(converse()));
    own.destroy();
    expect(ours(own)).to.have.lengthOf(1);
    const servers = tracing.spans().map(({ attributes }) => attributes['server.address']);
    expect(servers).to.deep.equal(Array(2).fill(new URL(simulator.url).hostname));
  });

  it('sees the same stack of a command that failed, was called back or was sent again', async () => {
    const failing = createClient(simulator.endpoint({ scenario: 'access-denied' }));
    const command = new sdk.ConverseCommand(converse());
    const stacks = await sameAsUntraced(tracing, async () => {
      await failing.send(command).catch(() => undefined);
      await new Promise((resolve) => client.send(command, resolve));
      await client.send(command);
      expect(() => stackOf(command).add((next) => next, { step: 'build', name: 'mine' })).to.not.throw();
      await client.send(command);
      (stackOf(command) as unknown as { remove(name: string): void }).remove('mine');
      return stackOf(command).identify();
    });
    tracing.instrumentation.disable();
    const { stopReason } = await client.send(command);
    failing.destroy();
    expect(stopReason).to.equal('end_turn');
    expect(stackOf(command).identify()).to.deep.equal(stacks);
    expect(tracing.spans()).to.have.lengthOf(4);
  });

  it('has getters of its input read at most twice more, before send returns', async () => {
    let reads = new Map<string, number>();
    const counted = (value: object): object => {
      const input = {};
      for (const [key, member] of Object.entries(value)) {
        const get = (): unknown => {
          reads.set(key, (reads.get(key) ?? 0) + 1);
          return member;
        };
        Object.defineProperty(input, key, { enumerable: true, get });
      }
      return input;
    };
    const body = JSON.stringify({ anthropic_version: 'a', max_tokens: 9, messages: converse().messages });
    for (const command of [
      () => new sdk.ConverseCommand(counted(converse()) as sdk.ConverseCommandInput),
      () => new sdk.InvokeModelCommand(counted({ modelId: MODEL, body }) as sdk.InvokeModelCommandInput),
    ]) {
      const count = async () => {
        reads = new Map();
        const answer = client.send(command() as sdk.ConverseCommand);
        const atOnce = new Map(reads);
        await answer;
        return { atOnce, later: [...reads].map(([key, times]) => [key, times - (atOnce.get(key) ?? 0)]) };
      };
      tracing.instrumentation.disable();
      const plain = await count();
      tracing.instrumentation.enable();
      const traced = await count();
      expect(traced.later).to.have.deep.members(plain.later);
      for (const [key, times] of traced.atOnce) expect(times - (plain.atOnce.get(key) ?? 0), key).to.be.within(1, 2);
    }
    expect(tracing.spans()).to.have.lengthOf(2);
  });

  it('gets the same answer or error if getters of its input throw', async () => {
    const trap = (value: object, key: string, error: Error): object =>
      Object.defineProperty({ ...value }, key, {
        enumerable: true,
        get: () => {
          throw error;
        },
      });
    const thrown = new Error('from a getter');
    for (const input of [
      trap(converse(), 'modelId', thrown),
      trap(converse(), 'messages', thrown),
      trap(converse(), 'notOfTheApi', thrown),
      { ...converse(), messages: [trap(converse().messages?.[0] ?? {}, 'content', thrown)] },
    ]) {
      const seen = await sameAsUntraced(tracing, () =>
        client.send(new sdk.ConverseCommand(input as sdk.ConverseCommandInput)).then(
          ({ stopReason }) => stopReason,
          (error: unknown) => error,
        ),
      );
      if (seen !== 'end_turn') expect(seen).to.equal(thrown);
    }
    expect(tracing.spans().length).to.be.within(3, 4);
  });

  describe('with a client that caches its handlers (cacheMiddleware)', () => {
    let failures = 0;
    // Only the headers of the answer have this model's tokens.
    const respond = () =>
      failures-- > 0
        ? { status: 503, body: {} }
        : {
            headers: { 'x-amzn-bedrock-input-token-count': '7', 'x-amzn-bedrock-output-token-count': '3' },
            body: { outputs: [{ text: 'Hello', stop_reason: 'stop' }] },
          };
    const invoke = (prompt: string): sdk.InvokeModelCommand =>
      new sdk.InvokeModelCommand({ modelId: 'mistral.mistral-7b-instruct-v0:2', body: JSON.stringify({ prompt }) });
    let caching: sdk.BedrockRuntimeClient;
    let scripted: Simulator;
    before(async () => {
      scripted = await startSimulator({ respond });
    });
    after(() => scripted.close());
    beforeEach(() => {
      failures = 0;
      caching = createClient(scripted.url, { cacheMiddleware: true, maxAttempts: 2 });
    });
    afterEach(() => caching.destroy());

    /** The figures come from the call's own exchange. A call that saw two exchanges would count a second attempt. */
    function expectOneAttemptEach(calls: number): void {
      expect(tracing.spans()).to.have.lengthOf(calls);
      for (const { attributes } of tracing.spans()) {
        expect(attributes).to.include({
          'gen_ai.usage.input_tokens': 7,
          'gen_ai.usage.output_tokens': 3,
          'server.address': '127.0.0.1',
        });
        expect(attributes).to.not.have.property('http.request.resend_count');
      }
    }

    it('has each of several simultaneous calls traced by itself', async () => {
      await Promise.all(['one', 'two', 'three'].map((prompt) => caching.send(invoke(prompt))));
      await caching.send(invoke('four'));
      expect(scripted.requests.slice(-4).map(({ body }) => (body as { prompt: string }).prompt)).to.have.members([
        'one',
        'two',
        'three',
        'four',
      ]);
      const prompts = tracing.spans().map((span) => JSON.stringify(json(span, 'gen_ai.input.messages')));
      for (const prompt of ['one', 'two', 'three', 'four']) expect(prompts.join()).to.include(`"${prompt}"`);
      expectOneAttemptEach(4);
    });

    it('has one request for each call if a command is sent twice at once, cached or not', async () => {
      const own = createClient(scripted.url);
      class Waiting {
        readonly config = own.config;
        readonly middlewareStack = own.middlewareStack;
        async send(command: sdk.InvokeModelCommand): Promise<sdk.InvokeModelCommandOutput> {
          await turns(1);
          return own.send(command);
        }
      }
      tracing.instrumentation.manuallyInstrument({ BedrockRuntimeClient: Waiting as never });
      const waiting = new Waiting();
      const command = invoke('one');
      await Promise.all([own.send(command), own.send(command)]);
      await Promise.all([waiting.send(command), waiting.send(command)]);
      context.disable();
      await Promise.all([own.send(command), own.send(command)]);
      expectOneAttemptEach(6);
      await waiting.send(invoke('two'));
      await Promise.all([waiting.send(invoke('three')), waiting.send(invoke('four'))]);
      expectOneAttemptEach(9);
      own.destroy();
    });

    it('has one request for each call if a queue continues it in the context of another call', async () => {
      const own = createClient(scripted.url);
      const waiting: (() => void)[] = [];
      const queue: AnyMiddleware = (next) => (args) =>
        new Promise((resolve, reject) => {
          waiting.push(() => void next(args).then(resolve, reject));
          if (waiting.length === 2) for (const goOn of waiting) goOn();
        });
      stackOf(own).add(queue, { step: 'finalizeRequest' });
      await Promise.all([own.send(invoke('one')), own.send(invoke('two'))]);
      expectOneAttemptEach(2);
      own.destroy();
    });

    it('finds a command that was sent twice at once unchanged, and its class too', async () => {
      const command = invoke('one');
      const { applyToStack } = command.middlewareStack;
      const members = Reflect.ownKeys(command);
      await caching.send(command);
      const { resolveMiddleware } = command;
      await Promise.all([caching.send(command), caching.send(command)]);
      expect(command.middlewareStack.applyToStack).to.equal(applyToStack);
      expect(Reflect.ownKeys(command)).to.deep.equal(members);
      expect(command.resolveMiddleware).to.equal(resolveMiddleware);
      expect(tracing.spans()).to.have.lengthOf(3);
    });

    it('has its requests counted once if another package wraps resolveMiddleware', async () => {
      const own = createClient(scripted.url);
      await own.send(invoke('one'));
      const holder = Object.getPrototypeOf(sdk.InvokeModelCommand.prototype) as sdk.InvokeModelCommand;
      const { resolveMiddleware } = holder;
      holder.resolveMiddleware = function (...args) {
        return resolveMiddleware.apply(this, args);
      };
      try {
        await own.send(invoke('two'));
        await own.send(invoke('three'));
      } finally {
        holder.resolveMiddleware = resolveMiddleware;
      }
      expectOneAttemptEach(3);
      own.destroy();
    });

    it('has its requests seen if a wrapper sends a copy of the command, later and in another context', async () => {
      const own = createClient(scripted.url);
      class Elsewhere {
        readonly config = own.config;
        send(command: sdk.InvokeModelCommand): Promise<sdk.InvokeModelCommandOutput> {
          const copy: sdk.InvokeModelCommand = Object.assign(Object.create(Object.getPrototypeOf(command)), command);
          return context.with(ROOT_CONTEXT, async () => {
            await turns(1);
            return own.send(copy);
          });
        }
      }
      tracing.instrumentation.manuallyInstrument({ BedrockRuntimeClient: Elsewhere as never });
      await new Elsewhere().send(invoke('one'));
      expectOneAttemptEach(1);
      own.destroy();
    });

    it('is traced without server and header tokens if a command of its own makes its handler later', async () => {
      const own = createClient(scripted.url);
      const later = (): sdk.InvokeModelCommand => {
        const inner = invoke('one');
        class InvokeModelCommand {
          readonly input = inner.input;
          readonly middlewareStack = inner.middlewareStack;
          resolveMiddleware(clientStack: { concat(from: unknown): unknown }, ...rest: [never, never]) {
            return async (args: never) => {
              await turns(1);
              const { middlewareStack } = this;
              const standIn: sdk.InvokeModelCommand = Object.create(inner, {
                middlewareStack: { value: Object.create(middlewareStack) },
              });
              const stack = { concat: () => clientStack.concat(middlewareStack) };
              return standIn.resolveMiddleware(stack as never, ...rest)(args);
            };
          }
        }
        return new InvokeModelCommand() as unknown as sdk.InvokeModelCommand;
      };
      // Decision: the SDK names another command to the middleware, so the span lacks the values of the exchange.
      const seen = await sameAsUntraced(tracing, async () => (await own.send(later())).body.transformToString());
      expect(seen).to.include('Hello');
      own.destroy();
      const [span, ...others] = tracing.spans();
      expect(others).to.deep.equal([]);
      expect(span?.attributes).to.not.have.any.keys('server.address', 'gen_ai.usage.input_tokens');
      expect(span?.attributes).to.include({ 'http.response.status_code': 200 });
      expect(span?.attributes).to.include.keys('gen_ai.output.messages', 'aws.request_id');
    });

    it('has each attempt of a retrying wrapper counted, one after the other and at once', async () => {
      const own = createClient(scripted.url, { maxAttempts: 1 });
      class Retrying {
        readonly config = own.config;
        async send(command: sdk.InvokeModelCommand): Promise<sdk.InvokeModelCommandOutput> {
          return await own.send(command).catch(() => own.send(command));
        }
      }
      tracing.instrumentation.manuallyInstrument({ BedrockRuntimeClient: Retrying as never });
      failures = 1;
      await new Retrying().send(invoke('one'));
      expect(tracing.spans()[0]?.attributes).to.include({ 'http.request.resend_count': 1 });
      const command = invoke('two');
      await Promise.all([new Retrying().send(command), new Retrying().send(command)]);
      expect(tracing.spans()).to.have.lengthOf(3);
      for (const [index, { attributes }] of tracing.spans().entries()) {
        expect(attributes).to.include({ 'gen_ai.usage.input_tokens': 7, 'server.address': '127.0.0.1' });
        if (index > 0) expect(attributes).to.not.have.property('http.request.resend_count');
      }
      context.disable();
      failures = 1;
      await new Retrying().send(invoke('three'));
      expect(tracing.spans()).to.have.lengthOf(4);
      expect(tracing.spans()[3]?.attributes).to.include({ 'http.request.resend_count': 1 });
      own.destroy();
    });

    it('has its requests seen if a wrapper hides that the client caches', async () => {
      class Other {
        readonly config = { serviceId: 'Bedrock Runtime' };
        send(command: sdk.InvokeModelCommand): Promise<sdk.InvokeModelCommandOutput> {
          return caching.send(command);
        }
      }
      tracing.instrumentation.manuallyInstrument({ BedrockRuntimeClient: Other as never });
      const other = new Other();
      await other.send(invoke('one'));
      await Promise.all([other.send(invoke('two')), caching.send(invoke('three'))]);
      expectOneAttemptEach(3);
    });

    for (const [outerCaches, innerCaches] of [
      [true, false],
      [false, true],
      [true, true],
      [false, false],
    ]) {
      const name = (caches: boolean | undefined): string => (caches ? 'one that caches' : 'one that does not');
      it(`has the requests of two clients kept apart: ${name(innerCaches)} in middleware of ${name(outerCaches)}`, async () => {
        const outer = createClient(scripted.url, { cacheMiddleware: outerCaches === true });
        const inner = createClient(scripted.url, { cacheMiddleware: innerCaches === true });
        const useInner: AnyMiddleware = (next) => async (args) => {
          await inner.send(invoke('inner'));
          const result = await next(args);
          await inner.send(invoke('inner'));
          return result;
        };
        stackOf(outer).add(useInner, { step: 'finalizeRequest', priority: 'high' });
        await outer.send(invoke('one'));
        await Promise.all([outer.send(invoke('two')), outer.send(invoke('three'))]);
        expectOneAttemptEach(9);
        outer.destroy();
        inner.destroy();
      });
    }

    it('has untraced requests of a caching client kept out of the span around them', async () => {
      const outer = createClient(scripted.url);
      await caching.send(invoke('one'));
      stackOf(outer).add(
        (next) => async (args) => {
          await context.with(suppressTracing(context.active()), () => caching.send(invoke('inner')));
          return next(args);
        },
        { step: 'finalizeRequest' },
      );
      await outer.send(invoke('two'));
      expectOneAttemptEach(2);
      outer.destroy();
    });

    it('is traced without server and header tokens if no context manager is set', async () => {
      // Decision: a cached handler belongs to an earlier command, so only the OpenTelemetry context names the call.
      context.disable();
      failures = 1;
      await Promise.all([caching.send(invoke('one')), caching.send(invoke('two'))]);
      expect(tracing.spans()).to.have.lengthOf(2);
      for (const span of tracing.spans()) {
        expect(span.attributes).to.not.have.any.keys('server.address', 'gen_ai.usage.input_tokens');
        expect(span.attributes).to.include({ 'http.response.status_code': 200 });
        expect(json(span, 'mlflow.spanOutputs')).to.have.nested.property('body.outputs[0].text', 'Hello');
      }
      const resends = tracing.spans().map(({ attributes }) => attributes['http.request.resend_count']);
      expect(resends).to.have.members([undefined, 1]);
    });

    it('works on while the instrumentation is disabled and enabled', async () => {
      await caching.send(invoke('one'));
      tracing.instrumentation.disable();
      const plain = await caching.send(invoke('two'));
      expect(tracing.spans()).to.have.lengthOf(1);
      tracing.instrumentation.enable();
      const traced = await caching.send(invoke('three'));
      expect(traced.body.transformToString()).to.equal(plain.body.transformToString());
      expect(tracing.spans()).to.have.lengthOf(2);
    });

    it('is traced with handlers from before tracing too; then the SDK’s own count gives the resends', async () => {
      tracing.instrumentation.disable();
      await caching.send(invoke('one'));
      tracing.instrumentation.enable();
      failures = 1;
      const { $metadata } = await caching.send(invoke('two'));
      expect(tracing.spans()).to.have.lengthOf(1);
      expect(tracing.spans()[0]?.attributes).to.include({
        'http.request.resend_count': 1,
        'http.response.status_code': 200,
        'aws.request_id': $metadata.requestId,
      });
      expect(json(tracing.spans()[0]!, 'mlflow.spanOutputs')).to.have.nested.property('body.outputs[0].text', 'Hello');
    });
  });
});
