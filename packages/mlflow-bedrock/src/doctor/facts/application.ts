/** Runs the application as the user does, with a probe inside. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsWithin } from '../../common/ends-within.js';
import { type ApplicationEvent, EVENTS_FILE, type RunFacts } from '../model/events.js';

/** How long the application may flush after SIGTERM. `autolog()` flushes for 5 seconds by default. */
const END_MILLIS = 8_000;
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

/** Runs the application until it ends, at most `timeoutSeconds`. Its output goes to that of this process. */
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
    stdio: ['inherit', toStderr ? 2 : 'inherit', 'pipe'],
  });
  let tail = '';
  let secondProvider = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    tail = `${tail.slice(-KEPT_LENGTH)}${chunk}`;
    secondProvider ||= tail.includes(SECOND_PROVIDER);
  });
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  try {
    const end = once(child, 'close') as Promise<[code: number | null, signal: string | null]>;
    let isEnded = false;
    const [code, signal] =
      (await endsWithin(timeoutSeconds * 1000, end)) ??
      (await (async () => {
        isEnded = true;
        child.kill('SIGTERM');
        return endsWithin(END_MILLIS, end);
      })()) ??
      (await (async () => {
        stop();
        return end;
      })());
    return {
      pid: child.pid ?? 0,
      secondProvider,
      ...(code === null ? {} : { code }),
      ...(signal === null ? {} : { signal }),
      ...(isEnded ? { endedAfterSeconds: timeoutSeconds } : {}),
    };
  } finally {
    process.off('exit', stop);
  }
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
