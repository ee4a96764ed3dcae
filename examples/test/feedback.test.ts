import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { exampleCommand, QUIET_ENV } from 'testing/examples.js';
import { testServer } from 'testing/mlflow-test-server.js';
import { type ExampleRun, outline, runExample, testClient, tracesOf } from './run-example.js';

const ADA = { type: 'HUMAN', id: 'ada' };

describe('example feedback', function () {
  this.timeout(120_000);

  describe('as a session of one user', () => {
    let run: ExampleRun;
    let good: MlflowTrace;
    let bad: MlflowTrace;
    before(async () => {
      run = await runExample(['feedback']);
      expect(run.traces, run.output).to.have.length(2);
      [good, bad] = run.traces as [MlflowTrace, MlflowTrace];
    });

    it('returns the trace id with each answer', () => {
      expect(run.code, run.output).to.equal(0);
      expect(run.output).to.match(/^POST \/chat .*capital of Kenya/m);
      expect(run.output).to.match(
        new RegExp(`^200 {"answer":"The capital of Kenya is Nairobi\\..*","traceId":"${good.info.traceId}"}$`, 'm'),
      );
      expect(run.output).to.contain(`"traceId":"${bad.info.traceId}"}`);
    });

    it('leaves a trace for each answer, in one session', () => {
      for (const trace of run.traces) {
        expect(outline(trace)).to.deep.equal(['CHAIN answer', '  CHAT_MODEL chat amazon.nova-lite-v1:0']);
        expect(trace.info).to.include({ state: 'OK', sessionId: 'example-session', userId: 'ada' });
      }
      expect(good.info.requestPreview).to.equal('What is the capital of Kenya?');
      expect(good.info.responsePreview).to.match(/^The capital of Kenya is Nairobi\./);
    });

    it('writes the thumbs up to the trace of its answer', () => {
      expect(good.info.assessments).to.have.length(1);
      expect(good.info.assessments[0]).to.deep.include({
        name: 'helpful',
        kind: 'feedback',
        value: true,
        source: ADA,
      });
    });

    it('writes the thumbs down, the comment and the correction to the trace of the other answer', () => {
      const [feedback, expectation] = ['feedback', 'expectation'].map((kind) =>
        bad.info.assessments.find((assessment) => assessment.kind === kind),
      );
      expect(bad.info.assessments).to.have.length(2);
      expect(feedback).to.deep.include({
        name: 'helpful',
        value: false,
        source: ADA,
        rationale: 'No word on whether it exists.',
      });
      expect(expectation).to.deep.include({
        name: 'expected_response',
        value: 'None: Atlantis is a legend.',
        source: ADA,
      });
    });
  });

  it('explains what to do if its port is not available', async () => {
    const taken = await startSimulator();
    try {
      const { port } = new URL(taken.url);
      for (const [PORT, reason] of [
        [port, `listen EADDRINUSE: address already in use 127.0.0.1:${port}`],
        ['http', 'options.port should be'],
      ] as const) {
        const { code, output } = await runExample(['feedback'], { PORT });
        expect(code).to.equal(1);
        expect(output).to.contain(`Cannot serve on port ${PORT}; set PORT to a free one. (${reason}`);
        expect(output).to.not.contain('    at ');
      }
    } finally {
      await taken.close();
    }
  });

  describe('as a service', () => {
    const experimentName = `example-feedback-${randomUUID()}`;
    let simulator: Simulator;
    let service: ChildProcess;
    let url: string;
    before(async () => {
      const trackingUri = (await testServer()).url;
      simulator = await startSimulator();
      service = spawn(process.execPath, [...exampleCommand('feedback'), '--serve'], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          ...process.env,
          ...QUIET_ENV,
          MLFLOW_TRACKING_URI: trackingUri,
          MLFLOW_EXPERIMENT_NAME: experimentName,
          AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
          AWS_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: 'simulator',
          AWS_SECRET_ACCESS_KEY: 'simulator',
        },
      });
      if (!service.stdout) throw new Error('no output');
      const [line] = (await once(createInterface(service.stdout), 'line')) as [string];
      url = line.replace('Serving on ', '');
    });
    after(async () => {
      if (service?.exitCode === null && service.signalCode === null) {
        service.kill();
        await once(service, 'exit');
      }
      await simulator?.close();
    });

    async function post(path: string, body: unknown): Promise<[status: number, answer: Record<string, unknown>]> {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(url + path, { method: 'POST', body: text });
      return [response.status, (await response.json()) as Record<string, unknown>];
    }
    const feedback = { traceId: `tr-${'0'.repeat(32)}`, userId: 'ada', helpful: true };
    const noTrace = (id: string): string =>
      `No trace has the id "${id}". Send the traceId from the answer of POST /chat.`;
    const refusals: [title: string, path: string, body: unknown, status: number, error: string][] = [
      ['an unknown trace', '/feedback', feedback, 404, noTrace(feedback.traceId)],
      ['an invalid trace id', '/feedback', { ...feedback, traceId: 'a/../b' }, 404, noTrace('a/../b')],
      ['feedback without a trace', '/feedback', { ...feedback, traceId: undefined }, 400, '"traceId" is missing.'],
      ['feedback without a thumb', '/feedback', { ...feedback, helpful: 5 }, 400, '"helpful" must be true or false.'],
      ['an empty comment', '/feedback', { ...feedback, comment: ' ' }, 400, '"comment" must be a non-empty string.'],
      ['a chat without a question', '/chat', { userId: 'ada' }, 400, '"question" is missing.'],
      ['a body that is not JSON', '/chat', 'hello', 400, 'The body must be a JSON object.'],
      ['a list', '/chat', [], 400, 'The body must be a JSON object.'],
      ['a large body', '/chat', 'x'.repeat(30_000_000), 413, 'The body may have at most 65536 bytes.'],
      ['another route', '/', {}, 404, 'This service has only POST /chat and POST /feedback.'],
    ];
    for (const [title, path, body, status, error] of refusals) {
      it(`refuses ${title} with a reason`, async () => {
        expect(await post(path, body)).to.deep.equal([status, { error }]);
      });
    }

    it('separates users who ask at the same time, and sends their traces before it ends', async () => {
      const countries = ['Kenya', 'France', 'Japan', 'Italy'];
      const answers = await Promise.all(
        countries.map((country) =>
          post('/chat', { question: `What is the capital of ${country}?`, userId: `from-${country}` }),
        ),
      );
      service.kill('SIGTERM');
      const [, signal] = (await once(service, 'exit')) as [number | null, string | null];
      expect(signal).to.equal('SIGTERM');
      const client = await testClient();
      const infos = await Promise.all(answers.map(([, { traceId }]) => client.getTraceInfo(String(traceId))));
      expect(infos.map(({ userId }) => userId)).to.deep.equal(countries.map((country) => `from-${country}`));
      // Refused requests left no trace.
      expect(await tracesOf(experimentName)).to.have.length(countries.length);
    });
  });
});
