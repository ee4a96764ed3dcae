import { adviceFor, BUNDLE_ADVICE } from 'opentelemetry-instrumentation-bedrock/requests';
import { counted } from '../../common/counted.js';
import { trackingServiceIn, trackingServiceOf } from '../../common/environment.js';
import type { ApplicationEvent, DeliveryFacts, RunFacts } from '../model/events.js';
import type { FileFacts } from '../model/facts.js';
import { findings, type Result } from '../model/result.js';
import { sampling } from './environment.js';
import { explainFailure, type Place } from './failure.js';

const { ok, skipped, warning, problem } = findings('application');

const TYPESCRIPT = /\.[cm]?tsx?$/;

type Of<Name extends ApplicationEvent['event']> = Extract<ApplicationEvent, { event: Name }>;

/** What the doctor knows about the application. */
export interface ApplicationFacts {
  readonly file: FileFacts;
  readonly run: RunFacts;
  /** Absent if there was nothing to look for, or if the server cannot be asked. */
  readonly delivery?: DeliveryFacts;
}

/** Says whether the application starts tracing, whether its calls of Bedrock become spans, and whether MLflow has them. */
export function checkApplication(facts: ApplicationFacts, place: Place): Result[] {
  const { run, file } = facts;
  const start = checkStart(run, file.file);
  const calls = checkCalls(
    facts,
    place,
    start.some(({ status }) => status === 'problem'),
  );
  return [checkEnd(run, file.file), ...start, ...calls, ...checkDelivery(facts, place)];
}

function checkEnd({ code, signal, endedAfterSeconds, isInterrupted }: RunFacts, file: string): Result {
  if (isInterrupted) return ok(`${file} ran until a signal ended the doctor's test run.`);
  if (endedAfterSeconds !== undefined) {
    return ok(`${file} ran for ${endedAfterSeconds} s, then the doctor ended it. --timeout changes this time.`);
  }
  if (code === 0) return ok(`${file} ran and ended by itself.`);
  const how = signal === undefined ? `with the exit code ${code}` : `by the signal ${signal}`;
  return warning(
    `${file} ended ${how}.`,
    TYPESCRIPT.test(file)
      ? `See its output above. If Node.js cannot run TypeScript, give the doctor its loader, for example "--import tsx ${file}", or the compiled file.`
      : 'See its output above. The doctor reports on what ran until then.',
  );
}

function checkStart({ events, secondProvider }: RunFacts, file: string): Result[] {
  const started = eventsOf(events, 'autolog')[0];
  if (started === undefined) return [checkWithoutAutolog(events, file)];
  const { kind } = started.started;
  if (kind === 'off') {
    return [problem('autolog() did nothing, because OTEL_SDK_DISABLED=true.', 'Unset OTEL_SDK_DISABLED.')];
  }
  if (kind === 'failed') {
    return [
      problem(
        'autolog() could not start. Its message is in the output above.',
        'Check the options, and that all OpenTelemetry packages belong to one line, 2.x or 3.x.',
      ),
    ];
  }
  if (kind === 'application' && !started.hasProcessor) {
    return [
      problem(
        'The application registers a tracer provider of its own before autolog(), and that one does not send to MLflow.',
        "Add mlflow-bedrock's CurrentTraceProcessor and MlflowSpanProcessor to it, as the message in the output above shows. Or remove it, and let autolog() register one.",
      ),
    ];
  }
  if (secondProvider) {
    return [
      problem(
        'The application registers a tracer provider after autolog(). OpenTelemetry refuses a second one, so it has no effect.',
        "Remove one of the two. To keep the application's, register it before autolog() and add mlflow-bedrock's processors to it.",
      ),
    ];
  }
  return [];
}

function checkWithoutAutolog(events: readonly ApplicationEvent[], file: string): Result {
  if (eventsOf(events, 'provider').length > 0) {
    return eventsOf(events, 'span').length > 0
      ? ok('The application traces with a tracer provider of its own.')
      : warning(
          'The application registers a tracer provider and does not call autolog(), so the doctor cannot see its spans.',
          "Add mlflow-bedrock's CurrentTraceProcessor to its span processors, or look into MLflow.",
        );
  }
  return problem(
    `${file} does not start tracing.`,
    `Start it with "node --import mlflow-bedrock/register ${file}", or call autolog() in its first module. If you start it like this already, run "npx mlflow-bedrock doctor --import mlflow-bedrock/register ${file}".`,
  );
}

function checkCalls({ run, file }: ApplicationFacts, { env }: Place, hasProblem: boolean): Result[] {
  const { events } = run;
  const [request] = eventsOf(events, 'request');
  const [started] = eventsOf(events, 'autolog');
  const spans = eventsOf(events, 'span').filter(({ isModelCall }) => isModelCall);
  if (hasProblem) return [];
  if (request !== undefined && started !== undefined && request.at < started.at) {
    return [
      problem(
        `The application called Bedrock (${request.host}) before autolog(). Such calls leave no trace.`,
        `Call autolog() in the first module that is loaded, or start with "node --import mlflow-bedrock/register ${file.file}".`,
      ),
    ];
  }
  if (spans.length > 0)
    return [ok(`${counted(spans.length, 'call')} of Bedrock became ${spans.length === 1 ? 'a span' : 'spans'}.`)];
  if (request === undefined) return [checkWithoutRequest(run, file)];
  const { variable, ratio } = sampling(env);
  if (ratio < 1) {
    return [
      warning(
        `The application called Bedrock (${request.host}), and the sampler of ${variable} dropped the trace, if there was one.`,
        `Unset ${variable} for the doctor.`,
      ),
    ];
  }
  const what = `The application called Bedrock (${request.host}), and no span was made.`;
  const underWay =
    run.endedAfterSeconds === undefined
      ? ''
      : ' If the call was still under way when the doctor ended the application, give it more time with --timeout.';
  if (file.bundledSdks.length > 0 && !file.handsOver) {
    return [
      problem(
        `${what} ${file.file} is a bundle with ${file.bundledSdks.join(', ')} inside.`,
        `${BUNDLE_ADVICE}.${underWay}`,
      ),
    ];
  }
  // A connection is seen before its first request, which names the client.
  const client = eventsOf(events, 'request').find(({ userAgent }) => userAgent !== undefined);
  return [problem(what, `${adviceFor(client?.userAgent)}.${underWay}`)];
}

function checkWithoutRequest(
  { events, endedAfterSeconds }: RunFacts,
  { bundledSdks, handsOver, file }: FileFacts,
): Result {
  if (bundledSdks.length > 0 && !handsOver) {
    return warning(
      `No call of Bedrock was seen. ${file} is a bundle with ${bundledSdks.join(', ')} inside, where the instrumentation cannot find the SDK by itself.`,
      `${BUNDLE_ADVICE}.`,
    );
  }
  if (eventsOf(events, 'sdk').length === 0) {
    return warning(
      'No call of Bedrock was seen, and no AWS SDK was loaded.',
      'Make the application call Bedrock while the doctor runs it.',
    );
  }
  return warning(
    'No call of Bedrock was seen, so nothing was traced.',
    endedAfterSeconds === undefined
      ? 'Make the application call Bedrock while the doctor runs it.'
      : 'Send the application a request that calls Bedrock while the doctor runs it. --timeout gives you more time.',
  );
}

function checkDelivery({ run, delivery }: ApplicationFacts, place: Place): Result[] {
  if (delivery === undefined) return [];
  const spans = eventsOf(run.events, 'span').filter(({ traceId }) => delivery.traceIds.has(traceId));
  const isElsewhere = delivery.url !== place.url;
  if (isElsewhere && (delivery.failed?.status === 401 || delivery.failed?.status === 403)) {
    return [
      skipped(
        `The application sends to ${delivery.url}, for which the doctor has no credentials, so its spans were not looked for.`,
      ),
    ];
  }
  if (delivery.failed !== undefined)
    return [explainFailure('application', delivery.failed, { ...place, url: delivery.url })];
  const { spanIds, url, experimentId } = delivery;
  const lost = spans.filter(({ spanId }) => !spanIds.has(spanId));
  const [first] = spans.filter(({ spanId }) => spanIds.has(spanId));
  // Pages of managed servers have other addresses.
  const isManaged = (isElsewhere ? trackingServiceOf(url) : trackingServiceIn(place.env)) !== 'mlflow';
  const link =
    first === undefined || experimentId === undefined || isManaged
      ? ''
      : ` The first trace: ${url}/#/experiments/${experimentId}/traces?selectedEvaluationId=tr-${first.traceId}`;
  const [firstLost] = lost;
  if (firstLost === undefined)
    return [
      ok(`MLflow has ${spans.length === 1 ? 'the span' : `all ${spans.length} spans`} of the application.${link}`),
    ];
  return [
    problem(
      `MLflow lacks ${spans.length === 1 ? 'the span' : `${lost.length} of the ${spans.length} spans`} of the application.${link}`,
      causeOfLoss(run, firstLost.pid),
    ),
  ];
}

/** @param lostIn the process whose spans are lost */
function causeOfLoss({ events, pid, code, signal, endedAfterSeconds }: RunFacts, lostIn: number): string {
  const isMain = (event: ApplicationEvent): boolean => event.pid === lostIn && event.thread === 0;
  const [exit] = eventsOf(events, 'exit').filter(isMain);
  if (eventsOf(events, 'uncaught').some(isMain)) {
    return 'An uncaught error ended the application before its spans were sent. See its output above.';
  }
  if (exit !== undefined && !exit.ranEmpty && endedAfterSeconds === undefined) {
    if (lostIn !== pid) {
      return 'A process that the application started ended by process.exit(), or because its parent disconnected it, before its spans were sent. Call "await tracing.flush()" before, where "tracing" is what autolog() returns.';
    }
    return `The application called process.exit(${code === 0 ? '' : code}) before its spans were sent. Call "await tracing.flush()" before, where "tracing" is what autolog() returns.`;
  }
  if (signal !== undefined && endedAfterSeconds === undefined) {
    return `The signal ${signal} ended the application before its spans were sent. Only SIGTERM and SIGINT leave time for a flush.`;
  }
  return 'See the messages of the exporter in the output above.';
}

function eventsOf<Name extends ApplicationEvent['event']>(events: readonly ApplicationEvent[], name: Name): Of<Name>[] {
  return events.filter((event): event is Of<Name> => event.event === name);
}
