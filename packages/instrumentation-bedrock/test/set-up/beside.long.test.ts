/** This instrumentation beside OpenTelemetry's for the AWS SDK and for HTTP. Each case runs in its own process. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';

const run = promisify(execFile);
const PROGRAMS = fileURLToPath(new URL('../programs/', import.meta.url));

const OURS = 'opentelemetry-instrumentation-bedrock';
const AWS = '@opentelemetry/instrumentation-aws-sdk';
const HTTP = '@opentelemetry/instrumentation-http';

interface Span {
  readonly name: string;
  readonly scope: string;
  readonly id: string;
  readonly traceId: string;
  readonly parent?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Case {
  readonly order: readonly ('ours' | 'aws' | 'http')[];
  readonly operation?:
    | 'Converse'
    | 'ConverseStream'
    | 'InvokeModel'
    | 'InvokeModelWithResponseStream'
    | 'InvokeAgent'
    | 'Retrieve';
  readonly config?: object;
  readonly dropTheirMetrics?: boolean;
}

interface Outcome {
  readonly answer: unknown;
  readonly spans: readonly Span[];
  /** Scopes that recorded `gen_ai.client.token.usage`. */
  readonly tokens: readonly string[];
}

const ORDERS: readonly Case['order'][] = [
  ['ours', 'aws', 'http'],
  ['http', 'aws', 'ours'],
];

describe('beside other instrumentations', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());

  async function runCase(beside: Case): Promise<Outcome> {
    const { stdout } = await run(process.execPath, ['beside.cjs'], {
      cwd: PROGRAMS,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
        AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME: simulator.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        BESIDE: JSON.stringify({ operation: 'Converse', ...beside }),
      },
    });
    return JSON.parse(stdout) as Outcome;
  }

  /** The spans from the caller down. Fails if a span has two children. */
  function line({ spans }: Outcome): Span[] {
    const found: Span[] = [];
    for (let span = spans.find(({ parent }) => parent === undefined); span; ) {
      found.push(span);
      const children: Span[] = spans.filter(({ parent }) => parent === span?.id);
      expect(children.length).to.be.lessThanOrEqual(1);
      [span] = children;
    }
    expect(found).to.have.lengthOf(spans.length);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).to.equal(1);
    return found;
  }

  const scopes = (outcome: Outcome): string[] => line(outcome).map(({ scope }) => scope);

  for (const order of ORDERS) {
    for (const operation of ['Converse', 'ConverseStream', 'InvokeModel', 'InvokeModelWithResponseStream'] as const) {
      it(`nests ${operation} as caller, ours, theirs, HTTP and has tokens on ours, registered as ${order.join(', ')}`, async () => {
        const outcome = await runCase({ order, operation });
        const [, ours, theirs, http] = line(outcome);
        expect(scopes(outcome)).to.deep.equal(['app', OURS, AWS, HTTP]);
        // MLflow counts the tokens of the outermost span that has any, which is ours.
        const usage = JSON.parse(String(ours?.attributes['mlflow.chat.tokenUsage'])) as Record<string, number>;
        expect(usage['input_tokens']).to.be.greaterThan(0);
        expect(usage['output_tokens']).to.be.greaterThan(0);
        expect(theirs?.attributes).to.include({ 'gen_ai.system': 'aws.bedrock' });
        expect(theirs?.attributes).to.not.include.keys('mlflow.chat.tokenUsage');
        expect(http?.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens');
        expect((await runCase({ order: ['http', 'aws'], operation })).answer).to.deep.equal(outcome.answer);
      });
    }
  }

  for (const [operation, name] of [
    ['InvokeAgent', 'invoke_agent'],
    ['Retrieve', 'retrieval KB12345678'],
  ] as const) {
    it(`nests ${operation} as caller, ours, theirs, HTTP`, async () => {
      const outcome = await runCase({ order: ['http', 'aws', 'ours'], operation });
      expect(scopes(outcome)).to.deep.equal(['app', OURS, AWS, HTTP]);
      expect(line(outcome)[1]?.name).to.equal(name);
      expect((await runCase({ order: ['http', 'aws'], operation })).answer).to.deep.equal(outcome.answer);
    });
  }

  it('passes trace context and baggage to the HTTP request as without it, and adds no header', async () => {
    const requestOf = async (order: Case['order']) => {
      const { spans } = await runCase({ order });
      const { headers } = simulator.requests.at(-1) ?? { headers: {} as Record<string, string> };
      return { spans, headers, http: spans.find(({ scope }) => scope === HTTP) };
    };
    const traced = await requestOf(['ours', 'http']);
    const plain = await requestOf(['http']);
    expect(Object.keys(traced.headers)).to.deep.equal(Object.keys(plain.headers));
    expect(traced.headers['baggage']).to.equal('tenant=a%20b');
    expect(traced.headers['baggage']).to.equal(plain.headers['baggage']);
    expect(traced.headers['traceparent']).to.equal(`00-${traced.http?.traceId}-${traced.http?.id}-01`);
    expect(scopes({ spans: traced.spans, answer: undefined, tokens: [] })).to.deep.equal(['app', OURS, HTTP]);

    const alone = await requestOf(['ours']);
    expect(alone.headers).to.not.have.any.keys('traceparent', 'tracestate', 'baggage');
  });

  it('is the only one that records a call with suppressInternalInstrumentation', async () => {
    for (const order of ORDERS) {
      const outcome = await runCase({ order, config: { suppressInternalInstrumentation: true } });
      expect(scopes(outcome)).to.deep.equal(['app', OURS]);
    }
  });

  it('records the token metric beside theirs, until a view drops theirs', async () => {
    const order = ['ours', 'aws'] as const;
    expect((await runCase({ order })).tokens).to.have.members([OURS, AWS]);
    expect((await runCase({ order, dropTheirMetrics: true })).tokens).to.deep.equal([OURS]);
  });
});
