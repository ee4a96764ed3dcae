import { dirname, resolve } from 'node:path';
import { catalogSchemaIn } from '../common/environment.js';
import type { DoctorArguments } from './arguments.js';
import { bounded } from './bounded.js';
import { checkApplication } from './checks/application.js';
import { checkAws } from './checks/aws.js';
import { checkEnvironment } from './checks/environment.js';
import type { Place } from './checks/failure.js';
import { checkFile } from './checks/file.js';
import { checkEnvFile, checkNode } from './checks/machine.js';
import { checkManaged } from './checks/managed.js';
import { checkPackages, PACKAGES_OF_INTEREST } from './checks/packages.js';
import { canTakeTraces, checkServer, checkTrace, checkTrackingUri } from './checks/server.js';
import { runApplication } from './facts/application.js';
import { lookAtFile } from './facts/file.js';
import { lookAtMachine } from './facts/machine.js';
import { findPackages } from './facts/packages.js';
import { askServer, findSpans, writeTrace } from './facts/server.js';
import type { DeliveryFacts, RunFacts } from './model/events.js';
import { findings, type Result } from './model/result.js';

const LOCAL_MILLIS = 10_000;
const SERVER_MILLIS = 20_000;
const TRACE_MILLIS = 30_000;
/** How many traces of the application the doctor looks for. */
const MAX_TRACES = 20;

/** What the doctor needs of its process. */
export interface DoctorProcess {
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  /** The file that is loaded into the application. */
  readonly probe: string;
  /** Gets each result as soon as it is known. */
  readonly onResult: (result: Result) => void;
  /** Called before the application starts to write its own output. */
  readonly onRun: (file: string) => void;
}

/** Runs all checks, one after the other, and returns their results. Never rejects. */
export async function examine(options: DoctorArguments, own: DoctorProcess): Promise<Result[]> {
  const { env, folder, onResult } = own;
  const results: Result[] = [];
  const add = (found: readonly Result[]): void => {
    results.push(...found);
    found.forEach(onResult);
  };
  const [application] = options.application;
  const file = application === undefined ? undefined : resolve(folder, application);
  const machine = lookAtMachine(folder, env);
  const packages = findPackages(file === undefined ? folder : dirname(file), PACKAGES_OF_INTEREST);

  add([checkNode(machine)]);
  add(await bounded('packages', LOCAL_MILLIS, () => checkPackages(packages, machine.nodeVersion)));
  add(await bounded('environment', LOCAL_MILLIS, () => [...checkEnvFile(machine), ...checkEnvironment(env)]));
  add(await bounded('aws', LOCAL_MILLIS, () => [...checkAws(env, machine), ...checkManaged(env)]));

  let canWrite = false;
  let place: Place = { url: '', env, machine };
  const askedServer = bounded('server', SERVER_MILLIS, async () => {
    const facts = await askServer(env);
    canWrite = canTakeTraces(facts);
    place = { url: facts.url, env, machine };
    return [checkTrackingUri(facts, place), ...checkServer(facts, place)];
  });
  add(await askedServer);
  const { skipped } = findings('trace');
  if (!options.trace) add([skipped('No test trace was written, because of --no-trace.')]);
  else if (!canWrite) add([skipped('No test trace was written, because of the problem above.')]);
  else add(await bounded('trace', TRACE_MILLIS, async () => checkTrace(await writeTrace(env), place)));

  if (application === undefined || file === undefined) return results;
  const looked = { ...lookAtFile(file), file: application };
  if (!options.run) {
    add([checkFile(looked)]);
    return results;
  }
  own.onRun(application);
  const run = await runApplication({
    application: options.application,
    folder,
    nodeOptions: options.nodeOptions,
    probe: own.probe,
    timeoutSeconds: options.timeoutSeconds,
    toStderr: options.json,
  });
  add(
    await bounded('application', TRACE_MILLIS, async () => {
      const delivery = canWrite ? await findDelivered(run, place) : undefined;
      const facts = { file: looked, run, ...(delivery === undefined ? {} : { delivery }) };
      return checkApplication(facts, place);
    }),
  );
  return results;
}

/** Looks for the first traces of the application on the server that it sends to, if something here can read them. */
async function findDelivered({ events }: RunFacts, { url, env }: Place): Promise<DeliveryFacts | undefined> {
  const all = new Set(events.flatMap((event) => (event.event === 'span' ? [event.traceId] : [])));
  const traceIds = new Set([...all].slice(0, MAX_TRACES));
  const [started] = events.flatMap((event) => (event.event === 'autolog' ? [event.started] : []));
  const isInCatalog = started?.isInCatalog ?? catalogSchemaIn(env) !== undefined;
  if (traceIds.size === 0 || isInCatalog) return undefined;
  const trackingUri = started?.trackingUri ?? url;
  const isOwn = [url, env['MLFLOW_TRACKING_URI']?.trim()].includes(trackingUri);
  const found = await findSpans([...traceIds], isOwn ? undefined : trackingUri);
  return { url: isOwn ? url : trackingUri, traceIds, ...found };
}
