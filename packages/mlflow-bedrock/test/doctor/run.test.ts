/** How the doctor runs an application: it ends in time, leaves nothing behind, and the application does not notice. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { checkApplication } from '../../src/doctor/checks/application.js';
import { runApplication } from '../../src/doctor/facts/application.js';
import { findSpans } from '../../src/doctor/facts/server.js';
import type { ApplicationEvent, DeliveryFacts, RunFacts } from '../../src/doctor/model/events.js';
import { type Application, CLI, COMPLETE, complaints, createApplication, PROBE } from '../support/doctor.js';
import { NOBODY } from '../support/programs.js';

describe('the test run of the doctor', function () {
  this.timeout(60_000);
  let application: Application;
  before(() => {
    application = createApplication();
  });
  after(() => application.remove());

  const runProgram = (program: string) => {
    application.write('program.js', program);
    return runApplication({
      application: ['program.js'],
      folder: application.folder,
      nodeOptions: [],
      probe: PROBE,
      timeoutSeconds: 15,
      toStderr: true,
    });
  };

  it('ends with the application, also if processes of it go on and keep its output open', async () => {
    application.write('left.cjs', 'setTimeout(() => {}, 20_000);');
    const { code, endedAfterSeconds, events } = await runProgram(`
      import { spawn } from 'node:child_process';
      spawn(process.execPath, ['left.cjs'], { stdio: 'inherit', detached: true }).unref();
    `);
    expect({ code, endedAfterSeconds }).to.deep.equal({ code: 0, endedAfterSeconds: undefined });
    expect(events.map(({ event }) => event)).to.include('exit');
  });

  it('goes unnoticed by an application in which the doctor cannot record what happens', async () => {
    const { code } = await runProgram(`
      import { rmSync } from 'node:fs';
      import { dirname } from 'node:path';
      rmSync(dirname(process.env.MLFLOW_BEDROCK_DOCTOR_EVENTS), { recursive: true });
    `);
    expect(code).to.equal(0);
  });

  it('ends the application when a signal ends the doctor, and the report follows', async () => {
    application.write('server.js', 'console.error(process.pid); setInterval(() => {}, 1_000);');
    const args = [CLI, 'doctor', '--no-trace', 'server.js'];
    const doctor = spawn(process.execPath, args, {
      cwd: application.folder,
      env: { ...COMPLETE, MLFLOW_TRACKING_URI: NOBODY },
    });
    const report = text(doctor.stdout);
    const [pid] = await once(doctor.stderr, 'data');
    doctor.kill('SIGTERM');
    const [code] = await once(doctor, 'exit');
    expect(code).to.equal(1);
    expect(await report).to.include("\nok       server.js ran until a signal ended the doctor's test run.\n");
    expect(() => process.kill(Number(pid), 0)).to.throw('ESRCH');
  });

  const at = { at: 1, pid: 1, thread: 0 };
  const examineRun = (
    events: ApplicationEvent[],
    run: Partial<RunFacts> = {},
    { env = {}, delivery }: { env?: Record<string, string>; delivery?: DeliveryFacts } = {},
  ) =>
    complaints(
      checkApplication(
        {
          file: { file: 'app.js', bundledSdks: [], handsOver: false, mentionsTracing: true },
          run: {
            events: [{ ...at, event: 'autolog', started: { kind: 'own' }, hasProcessor: true }, ...events],
            pid: 1,
            code: 0,
            secondProvider: false,
            isInterrupted: false,
            ...run,
          },
          ...(delivery === undefined ? {} : { delivery }),
        },
        { url: NOBODY, env, machine: {} },
      ),
    );

  it('names a sampler, or too little time, as the cause of a missing span', () => {
    const request = { ...at, event: 'request', host: 'bedrock' } as const;
    expect(examineRun([request], {}, { env: { MLFLOW_TRACE_SAMPLING_RATIO: '0.01' } })).to.deep.equal([
      'warning: The application called Bedrock (bedrock), and the sampler of MLFLOW_TRACE_SAMPLING_RATIO dropped the trace, if there was one. -> Unset MLFLOW_TRACE_SAMPLING_RATIO for the doctor.',
    ]);
    expect(examineRun([request], { endedAfterSeconds: 30 })[0]).to.match(
      / If the call was still under way when the doctor ended the application, give it more time with --timeout\.$/,
    );
  });

  it('finds out how a process that the application started lost its spans', () => {
    const span = { traceId: 'a', spanId: 'b', isModelCall: true };
    const events: ApplicationEvent[] = [
      { ...at, event: 'span', pid: 2, ...span },
      { ...at, event: 'exit', pid: 2, ranEmpty: false },
      { ...at, event: 'exit', ranEmpty: true },
    ];
    const delivery = { url: NOBODY, traceIds: new Set(['a']), spanIds: new Set<string>() };
    expect(examineRun(events, {}, { delivery })).to.deep.equal([
      'problem: MLflow lacks the span of the application. -> A process that the application started ended by process.exit(), or because its parent disconnected it, before its spans were sent. Call "await tracing.flush()" before, where "tracing" is what autolog() returns.',
    ]);
  });

  it('says how the application ended', () => {
    const ends = (run: Partial<RunFacts>, file = 'app.js'): string | undefined =>
      checkApplication(
        {
          file: { file, bundledSdks: [], handsOver: false, mentionsTracing: true },
          run: { events: [], pid: 1, code: 0, secondProvider: false, isInterrupted: false, ...run },
        },
        { url: NOBODY, env: {}, machine: {} },
      )[0]?.what;
    expect(ends({})).to.equal('app.js ran and ended by itself.');
    expect(ends({ code: 3 })).to.equal('app.js ended with the exit code 3.');
    expect(ends({ code: 137, signal: 'SIGKILL' }, 'app.ts')).to.equal('app.ts ended by the signal SIGKILL.');
  });

  it('says why a tracer provider does not send to MLflow', () => {
    const started = (kind: 'failed' | 'application' | 'own', run: Partial<RunFacts> = {}, hasProcessor = false) =>
      examineRun([], {
        events: [{ ...at, event: 'autolog', started: { kind }, hasProcessor } as ApplicationEvent],
        ...run,
      }).map((line) => line.replace(/ ->.*/s, ''));
    expect(started('failed')).to.deep.equal([
      'problem: autolog() could not start. Its message is in the output above.',
    ]);
    expect(started('application')).to.deep.equal([
      'problem: The application registers a tracer provider of its own before autolog(), and that one does not send to MLflow.',
    ]);
    expect(started('own', { secondProvider: true })).to.deep.equal([
      'problem: The application registers a tracer provider after autolog(). OpenTelemetry refuses a second one, so it has no effect.',
    ]);
    const provider = { ...at, event: 'provider' } as ApplicationEvent;
    expect(examineRun([], { events: [provider] })[0]).to.match(
      /^warning: The application registers a tracer provider and does not call autolog\(\)/,
    );
  });

  it('names the cause of lost spans', () => {
    const delivery = { url: NOBODY, traceIds: new Set(['a']), spanIds: new Set<string>() };
    const span = { ...at, event: 'span', traceId: 'a', spanId: 'b', isModelCall: true } as const;
    const cause = (events: ApplicationEvent[], run: Partial<RunFacts> = {}): string | undefined =>
      examineRun([span, ...events], run, { delivery })
        .find((line) => line.startsWith('problem'))
        ?.replace(/.*-> /s, '');
    const exit = { ...at, event: 'exit', ranEmpty: false } as const;
    expect(cause([exit])).to.match(/^The application called process\.exit\(\) before/);
    expect(cause([exit], { code: 2 })).to.match(/^The application called process\.exit\(2\) before/);
    expect(cause([{ ...at, event: 'uncaught' } as ApplicationEvent])).to.match(/^An uncaught error ended/);
    expect(cause([], { code: 137, signal: 'SIGKILL' })).to.match(/^The signal SIGKILL ended the application/);
    expect(cause([])).to.equal('See the messages of the exporter in the output above.');
  });

  it('says that the address in the code is none that traces can be sent to', async () => {
    const { failed } = await findSpans(['0'.repeat(32)], 'postgresql:…');
    expect(failed?.message).to.match(/^MLflow tracking URI "postgresql:…" is not supported, /);
  });
});
