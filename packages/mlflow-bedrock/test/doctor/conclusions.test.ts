/** What the doctor concludes from facts that a run of the other tests does not bring about: rare ends, rare servers. */

import { expect } from 'chai';
import { parseArguments } from '../../src/doctor/arguments.js';
import { type ApplicationFacts, checkApplication } from '../../src/doctor/checks/application.js';
import { checkEnvironment } from '../../src/doctor/checks/environment.js';
import { explainFailure, type Place } from '../../src/doctor/checks/failure.js';
import { checkFile } from '../../src/doctor/checks/file.js';
import { checkServer, checkTrace, checkTrackingUri } from '../../src/doctor/checks/server.js';
import type { ApplicationEvent, DeliveryFacts, Happening, RunFacts } from '../../src/doctor/model/events.js';
import type { FileFacts, ServerFacts, TraceFacts } from '../../src/doctor/model/facts.js';
import type { Result } from '../../src/doctor/model/result.js';
import { textOf } from '../../src/doctor/report.js';

const PLACE: Place = { url: 'http://mlflow:5000', env: {}, machine: {} };
const HOST = 'bedrock-runtime.us-east-1.amazonaws.com';

const textsOf = (results: readonly Result[]): string[] => results.map((result) => textOf(result).replace(/\s+/g, ' '));

describe('the doctor concludes from the run of an application', () => {
  const PID = 7;
  const event = (happening: Happening, at = 1, pid = PID): ApplicationEvent => ({ at, pid, thread: 0, ...happening });
  const started = event({ event: 'autolog', started: { kind: 'own' }, hasProcessor: true });
  const span = (spanId: string, pid = PID): ApplicationEvent =>
    event({ event: 'span', traceId: 'a', spanId, isModelCall: true }, 2, pid);
  const request = (userAgent?: string): ApplicationEvent =>
    event({ event: 'request', host: HOST, ...(userAgent === undefined ? {} : { userAgent }) }, 2);
  const runOf = (facts: Partial<RunFacts>): RunFacts => ({
    events: [started],
    pid: PID,
    ...(facts.signal === undefined ? { code: 0 } : {}),
    isInterrupted: false,
    secondProvider: false,
    ...facts,
  });
  const file: FileFacts = { file: 'app.js', bundledSdks: [], handsOver: false, mentionsTracing: true };
  const delivered = (...spanIds: string[]): DeliveryFacts => ({
    url: PLACE.url,
    traceIds: new Set(['a']),
    spanIds: new Set(spanIds),
    experimentId: '3',
  });
  const conclusionsOf = (facts: { run: Partial<RunFacts> } & Partial<Omit<ApplicationFacts, 'run'>>, env = {}) =>
    textsOf(checkApplication({ file, ...facts, run: runOf(facts.run) }, { ...PLACE, env }));

  const ADVICE_FOR_UNDER_WAY =
    'If the call was still under way when the doctor ended the application, give it more time with --timeout.';

  it('why a tracer provider does not send to MLflow', () => {
    const conclusionOf = (happening: Happening, run: Partial<RunFacts> = {}): string =>
      conclusionsOf({ run: { ...run, events: [event(happening)] } })[1]?.replace(/ -> .*/, '') ?? '';
    const startedAs = (kind: 'failed' | 'application' | 'own' | 'off'): Happening =>
      ({ event: 'autolog', started: { kind }, hasProcessor: false }) as Happening;
    expect(conclusionOf(startedAs('failed'))).to.equal(
      'problem autolog() could not start. Its message is in the output above.',
    );
    expect(conclusionOf(startedAs('off'))).to.equal('problem autolog() did nothing, because OTEL_SDK_DISABLED=true.');
    expect(conclusionOf(startedAs('application'))).to.equal(
      'problem The application registers a tracer provider of its own before autolog(), and that one does not send to MLflow.',
    );
    expect(conclusionOf(startedAs('own'), { secondProvider: true })).to.equal(
      'problem The application registers a tracer provider after autolog(). OpenTelemetry refuses a second one, so it has no effect.',
    );
    expect(conclusionOf({ event: 'provider' })).to.equal(
      'warning The application registers a tracer provider and does not call autolog(), so the doctor cannot see its spans.',
    );
  });

  it('how it ended', () => {
    const endOf = (run: Partial<RunFacts>, name = 'app.js') =>
      conclusionsOf({ run, file: { ...file, file: name } })[0]?.replace(/ -> .*/, '');
    expect(endOf({})).to.equal('ok app.js ran and ended by itself.');
    expect(endOf({ code: 3 })).to.equal('warning app.js ended with the exit code 3.');
    expect(endOf({ signal: 'SIGKILL' }, 'app.ts')).to.equal('warning app.ts ended by the signal SIGKILL.');
  });

  it('that a signal or an uncaught error ended it before its spans were sent', () => {
    expect(
      conclusionsOf({ run: { signal: 'SIGKILL', events: [started, span('b')] }, delivery: delivered() }),
    ).to.deep.equal([
      'warning app.js ended by the signal SIGKILL. -> See its output above. The doctor reports on what ran until then.',
      'ok 1 call of Bedrock became a span.',
      'problem MLflow lacks the span of the application. -> The signal SIGKILL ended the application before its spans were sent. Only SIGTERM and SIGINT leave time for a flush.',
    ]);
    const events = [started, span('b'), event({ event: 'uncaught' }, 3)];
    expect(conclusionsOf({ run: { events, code: 1 }, delivery: delivered() }).at(-1)).to.equal(
      'problem MLflow lacks the span of the application. -> An uncaught error ended the application before its spans were sent. See its output above.',
    );
  });

  it('that process.exit() ended it before its spans were sent, or one of its processes', () => {
    const events = [started, span('b'), span('c'), event({ event: 'exit', ranEmpty: false }, 3)];
    const [, , lost] = conclusionsOf({ run: { events, code: 3 }, delivery: delivered('b') });
    expect(lost).to.equal(
      'problem MLflow lacks 1 of the 2 spans of the application. The first trace: http://mlflow:5000/#/experiments/3/traces?selectedEvaluationId=tr-a -> The application called process.exit(3) before its spans were sent. Call "await tracing.flush()" before, where "tracing" is what autolog() returns.',
    );
    const ended = conclusionsOf({ run: { events }, delivery: delivered('b') }).at(-1);
    expect(ended).to.include(' -> The application called process.exit() before its spans were sent.');
    const inChild = [started, span('b', 8), event({ event: 'exit', ranEmpty: false }, 3, 8)];
    expect(conclusionsOf({ run: { events: inChild }, delivery: delivered() }).at(-1)).to.equal(
      'problem MLflow lacks the span of the application. -> A process that the application started ended by process.exit(), or because its parent disconnected it, before its spans were sent. Call "await tracing.flush()" before, where "tracing" is what autolog() returns.',
    );
  });

  it('that the exporter has said why spans are missing, or that all have arrived', () => {
    const run = { events: [started, span('b'), span('c')] };
    expect(conclusionsOf({ run, delivery: delivered() }).at(-1)).to.equal(
      'problem MLflow lacks 2 of the 2 spans of the application. -> See the messages of the exporter in the output above.',
    );
    expect(conclusionsOf({ run, delivery: delivered('b', 'c') }).slice(1)).to.deep.equal([
      'ok 2 calls of Bedrock became spans.',
      'ok MLflow has all 2 spans of the application. The first trace: http://mlflow:5000/#/experiments/3/traces?selectedEvaluationId=tr-a',
    ]);
  });

  it('that it cannot ask another server for them, or that the server fails', () => {
    const run = { events: [started, span('b')] };
    const failed = { message: 'MLflow at http://other:5000 does not allow this (403)', status: 403 };
    expect(conclusionsOf({ run, delivery: { ...delivered(), url: 'http://other:5000', failed } }).at(-1)).to.equal(
      'skipped The application sends to http://other:5000, for which the doctor has no credentials, so its spans were not looked for.',
    );
    const broken = { message: 'MLflow at http://mlflow:5000 failed (500)', status: 500 };
    expect(conclusionsOf({ run, delivery: { ...delivered(), failed: broken } }).at(-1)).to.equal(
      'problem MLflow at http://mlflow:5000 failed (500). -> See the log of the MLflow server.',
    );
  });

  it('that a sampler dropped the trace of a call', () => {
    const env = { MLFLOW_TRACE_SAMPLING_RATIO: '0.5' };
    expect(conclusionsOf({ run: { events: [started, request()] } }, env)[1]).to.equal(
      `warning The application called Bedrock (${HOST}), and the sampler of MLFLOW_TRACE_SAMPLING_RATIO dropped the trace, if there was one. -> Unset MLFLOW_TRACE_SAMPLING_RATIO for the doctor.`,
    );
  });

  it('that a call without a span may have been under way when the time was over', () => {
    const run = { events: [started, request(), request('aws-sdk-js/3.1162.0')], endedAfterSeconds: 30 };
    const [end, call = ''] = conclusionsOf({ run });
    expect(end).to.equal('ok app.js ran for 30 s, then the doctor ended it. --timeout changes this time.');
    expect(call.startsWith(`problem The application called Bedrock (${HOST}), and no span was made. -> `)).to.equal(
      true,
    );
    expect(call.endsWith(ADVICE_FOR_UNDER_WAY)).to.equal(true);
    const bundle = { ...file, bundledSdks: ['@aws-sdk/client-bedrock-runtime'] };
    expect(conclusionsOf({ run, file: bundle })[1]).to.include(
      'no span was made. app.js is a bundle with @aws-sdk/client-bedrock-runtime inside. -> ',
    );
  });

  it('that a provider of its own traces, if its spans show that', () => {
    const events = [event({ event: 'provider' }), span('b')];
    expect(conclusionsOf({ run: { events } }).slice(1)).to.deep.equal([
      'ok The application traces with a tracer provider of its own.',
      'ok 1 call of Bedrock became a span.',
    ]);
  });

  it('that another managed server has all spans, without a link to its page', () => {
    const run = { events: [started, span('b')] };
    const delivery = { ...delivered('b'), url: 'arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-1' };
    expect(conclusionsOf({ run, delivery }).at(-1)).to.equal('ok MLflow has the span of the application.');
  });

  it('that a bundle without a call may hide its SDK', () => {
    const bundle = { ...file, bundledSdks: ['openai'] };
    expect(conclusionsOf({ run: {}, file: bundle })[1]).to.match(
      /^warning No call of Bedrock was seen\. app\.js is a bundle with openai inside, where the instrumentation cannot find/,
    );
    expect(conclusionsOf({ run: {}, file: { ...bundle, handsOver: true } })[1]).to.equal(
      'warning No call of Bedrock was seen, and no AWS SDK was loaded. -> Make the application call Bedrock while the doctor runs it.',
    );
  });

  it('that a server made no call before the time was over', () => {
    const run = { events: [started, event({ event: 'sdk' })] };
    expect(conclusionsOf({ run: { ...run, endedAfterSeconds: 30 } })[1]).to.equal(
      'warning No call of Bedrock was seen, so nothing was traced. -> Send the application a request that calls Bedrock while the doctor runs it. --timeout gives you more time.',
    );
    expect(conclusionsOf({ run })[1]).to.equal(
      'warning No call of Bedrock was seen, so nothing was traced. -> Make the application call Bedrock while the doctor runs it.',
    );
  });

  it('what its file shows without a run', () => {
    const bundle = { ...file, bundledSdks: ['openai'] };
    const files = [{ ...bundle, handsOver: true }, bundle, { ...file, mentionsTracing: false }, file];
    expect(files.map((facts) => checkFile(facts).what)).to.deep.equal([
      'app.js is a bundle that passes openai on to the instrumentation.',
      'app.js is a bundle with openai inside, where the instrumentation cannot find the SDK by itself.',
      'app.js does not mention mlflow-bedrock. Another file may start tracing.',
      'app.js mentions mlflow-bedrock and is no bundle.',
    ]);
  });
});

describe('the doctor concludes from answers of a server', () => {
  const server: ServerFacts = { url: PLACE.url, wanted: { name: 'shop' } };
  const experiment = { experimentId: '3', name: 'shop', deleted: false };
  const trace: TraceFacts = { traceId: 'tr-a', isInCatalog: false, inDatabase: true, deleted: true };
  const databricks = { ...PLACE, env: { MLFLOW_TRACKING_URI: 'databricks' } };

  it('that it tells no version, and where the traces go', () => {
    expect(textsOf(checkServer({ ...server, experiment }, PLACE))).to.deep.equal([
      'ok MLflow answers at http://mlflow:5000.',
      'ok The traces go to the experiment "shop" (id 3), because MLFLOW_EXPERIMENT_NAME is not set.',
    ]);
  });

  it('that its clock is ahead or behind', () => {
    const clocks = [65_000, -65_000].map((clockAheadMillis) =>
      checkServer({ ...server, experiment, clockAheadMillis }, PLACE).find(({ check }) => check === 'clock'),
    );
    expect(clocks.map((result) => result?.what)).to.deep.equal([
      'The clock of this machine is 65 s behind that of the server, so traces have wrong times.',
      'The clock of this machine is 65 s ahead of that of the server, so traces have wrong times.',
    ]);
  });

  it('that it cannot read or delete its test trace', () => {
    expect(textsOf(checkTrace({ ...trace, deleted: false }, PLACE))).to.deep.equal([
      'ok A test trace was written and read back. It stays as "mlflow-bedrock doctor" (tr-a), because this user may not delete it.',
    ]);
    expect(
      textsOf(
        checkTrace({ ...trace, unreadable: { message: 'MLflow does not allow this (403)', status: 403 } }, PLACE),
      ),
    ).to.deep.equal([
      'ok A test trace was sent. It stays as "mlflow-bedrock doctor" (tr-a), because this user may not read traces.',
    ]);
    expect(
      textsOf(checkTrace({ ...trace, unreadable: { message: 'MLflow failed (500)', status: 500 } }, PLACE)),
    ).to.deep.equal(['problem MLflow failed (500). -> See the log of the MLflow server.']);
  });

  it('that spans in files of a managed server are no fault', () => {
    expect(textsOf(checkTrace({ ...trace, inDatabase: false }, databricks))).to.deep.equal([
      'ok A test trace was written, read back and deleted.',
      'ok The server keeps spans as files, so searches by span do not find them. Everything else works.',
    ]);
  });

  it('that an address without a reason is wrong', () => {
    expect(
      textOf(checkTrackingUri({ ...server, url: '', failed: { message: 'trackingUri is wrong' } }, PLACE)),
    ).to.match(/^problem {2}trackingUri is wrong\.\n/);
    expect(textOf(checkTrackingUri(server, PLACE))).to.equal(
      'ok       MLFLOW_TRACKING_URI is not set, so the traces go to http://mlflow:5000, unless the code sets trackingUri.',
    );
  });

  it('what keeps a host from being reached, without a proxy', () => {
    const nobody = 'MLflow at http://mlflow:5000 cannot be reached (connect ECONNREFUSED 10.0.0.7:5000)';
    const silent = 'MLflow at http://mlflow:5000 cannot be reached (no answer in time)';
    expect(textsOf([nobody, silent].map((message) => explainFailure('server', { message }, PLACE)))).to.deep.equal([
      `problem ${nobody}. -> Start MLflow there, or set MLFLOW_TRACKING_URI to the address of your server.`,
      `problem ${silent}. -> Check that a firewall or security group lets this machine reach the server, and that the server is healthy.`,
    ]);
  });

  it('what a managed server that fails needs', () => {
    const failed = { message: 'MLflow at https://dbc.example.com failed (500)', status: 500 };
    expect(textOf(explainFailure('server', failed, databricks)).replace(/\s+/g, ' ')).to.equal(
      'problem MLflow at https://dbc.example.com failed (500). -> Look at the server in its console.',
    );
  });
});

describe('the doctor reads', () => {
  it('the request for help, before and after its name', () => {
    for (const args of [['--help'], ['-h'], ['help'], ['doctor', '--help'], ['doctor', '-h']]) {
      expect(parseArguments(args), args.join(' ')).to.deep.equal({ kind: 'help' });
    }
  });

  it('a variable for content that has no known value', () => {
    const variable = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
    const [warning = ''] = textsOf(checkEnvironment({ [variable]: 'perhaps' })).filter((text) =>
      text.includes(variable),
    );
    expect(warning).to.match(new RegExp(`^warning .*${variable}.* -> Correct the variable\\.$`));
  });
});
