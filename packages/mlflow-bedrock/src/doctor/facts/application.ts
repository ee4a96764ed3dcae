/** Runs the application as the user does, with a probe inside. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { endsWithin } from '../../common/ends-within.js';
import { type ApplicationEvent, EVENTS_FILE, type RunFacts } from '../model/events.js';

/** How long the application may flush after SIGTERM. `autolog()` flushes for 5 seconds by default. */
const END_MILLIS = 8_000;
/** How long output may arrive after the end of the application. */
const OUTPUT_MILLIS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const SECOND_PROVIDER = 'Attempted duplicate registration of API: trace';
/** Longer than the message. */
const KEPT_LENGTH = 200;

export interface RunOptions {
  /** The program with its arguments. */
  readonly application: readonly string[];
  /** Where to run it. */
  readonly folder: string;
  /** Options of `node`. */
  readonly nodeOptions: readonly string[];
  /** The file of the probe. */
  readonly probe: string;
  readonly timeoutSeconds: number;
  /** Whether the application's standard output goes to stderr, because the report goes to stdout. */
  readonly toStderr: boolean;
}

/**
 * Runs the application until it ends or this process gets a signal, at most `timeoutSeconds`. Its output goes to that of
 * this process.
 */
export async function runApplication(options: RunOptions): Promise<RunFacts> {
  const folder = mkdtempSync(join(tmpdir(), 'mlflow-bedrock-doctor-'));
  try {
    const file = join(folder, 'events');
    const ended = await runUntilEnd(options, file);
    return { ...ended, events: readEvents(file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runUntilEnd(
  { application, folder, nodeOptions, probe, timeoutSeconds, toStderr }: RunOptions,
  file: string,
): Promise<Omit<RunFacts, 'events'>> {
  const args = ['--require', probe, ...nodeOptions, ...application];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, [EVENTS_FILE]: file },
    stdio: ['inherit', toStderr ? process.stderr : 'inherit', 'pipe'],
  });
  const { stderr } = child;
  let tail = '';
  let secondProvider = false;
  stderr.on('data', (chunk: Buffer) => {
    tail = `${tail.slice(-KEPT_LENGTH)}${chunk}`;
    secondProvider ||= tail.includes(SECOND_PROVIDER);
  });
  // Waits for a slow reader, unlike write().
  stderr.pipe(process.stderr, { end: false });
  const outputEnd = new Promise<void>((resolve) => stderr.once('close', resolve));
  // Not "close": processes that the application leaves behind keep its stderr open.
  const end = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  const kill = (): void => void child.kill('SIGKILL');
  const interruption = awaitInterruption(kill);
  process.once('exit', kill);
  const started = performance.now();
  try {
    let endedAfterSeconds: number | undefined;
    let ended = await endsWithin(timeoutSeconds * 1000, Promise.race([end, interruption.signal]));
    if (typeof ended === 'string') {
      endedAfterSeconds = Math.round((performance.now() - started) / 1000);
      // A terminal sends SIGINT to the application, too. A second signal would end it without its flush.
      ended = ended === 'SIGINT' ? await endsWithin(END_MILLIS, end) : undefined;
    } else if (ended === undefined) {
      endedAfterSeconds = timeoutSeconds;
    }
    if (ended === undefined) {
      child.kill('SIGTERM');
      ended = await endsWithin(END_MILLIS, end);
    }
    if (ended === undefined) {
      kill();
      ended = await end;
    }
    await endsWithin(OUTPUT_MILLIS, outputEnd);
    const [code, signal] = ended;
    return {
      pid: child.pid ?? 0,
      secondProvider,
      isInterrupted: interruption.happened(),
      ...(code === null ? {} : { code }),
      ...(signal === null ? {} : { signal }),
      ...(endedAfterSeconds === undefined ? {} : { endedAfterSeconds }),
    };
  } finally {
    process.off('exit', kill);
    interruption.ignore();
    stderr.destroy();
  }
}

/**
 * Waits for the first signal that asks the doctor to end. The report follows all the same.
 *
 * @param onSecond called at each further signal
 */
function awaitInterruption(onSecond: () => void): {
  readonly signal: Promise<NodeJS.Signals>;
  readonly happened: () => boolean;
  readonly ignore: () => void;
} {
  let isInterrupted = false;
  let onSignal: (signal: NodeJS.Signals) => void = () => {};
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    onSignal = (received) => {
      if (isInterrupted) onSecond();
      isInterrupted = true;
      resolve(received);
    };
  });
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal,
    happened: () => isInterrupted,
    ignore() {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

function readEvents(file: string): ApplicationEvent[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  // A process that is killed may leave half a line.
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as ApplicationEvent).sort((one, other) => one.at - other.at);
}
