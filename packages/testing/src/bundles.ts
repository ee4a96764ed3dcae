/** Runs bundles in a folder where no packages are installed, against the simulator and a receiver of spans. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import type { ReceivedSpan } from './otlp-decode.js';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.js';

type Program = ChildProcessByStdio<null, Readable, Readable>;

/** What the scripted model answers. */
export const ANSWER = 'Hello! How can I help you today? (Scripted by the local Bedrock simulator; no model ran.)';

interface BundleRun {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code, or the signal that ended the program. */
  readonly end: number | NodeJS.Signals | null;
  readonly spans: readonly ReceivedSpan[];
}

interface BundleOptions {
  /** The program `node`. Default: the one that runs this process. */
  readonly node?: string;
  /** More environment variables. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where to run it, below the folder. Default: the folder. */
  readonly cwd?: string;
}

export interface Bundles {
  /** An empty folder outside of the repository, which is removed after the tests. */
  readonly folder: string;
  /**
   * Runs a program to its end. Its spans go to the receiver as to MLflow.
   *
   * @param args of `node`; paths are relative to the folder.
   */
  run(args: readonly string[], options?: BundleOptions): Promise<BundleRun>;
  /**
   * Starts a server that prints its URL, requests a path, and ends the server with SIGTERM.
   *
   * @returns the answer, and how the server ran
   */
  request(args: readonly string[], path: string, options?: BundleOptions): Promise<BundleRun & { answer: string }>;
}

/** Starts the simulator and the receiver before the tests of the calling suite. */
export function useBundles(): Bundles {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bundles-')));
  let simulator: Simulator;
  let receiver: OtlpReceiver;
  before(async () => {
    [simulator, receiver] = await Promise.all([startSimulator(), startOtlpReceiver()]);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([simulator.close(), receiver.close()]);
  });

  const start = (args: readonly string[], { node = process.execPath, env = {}, cwd = '.' }: BundleOptions) => {
    const known = receiver.spans.length;
    const child = spawn(node, args, {
      cwd: join(folder, cwd),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_REGION: 'us-east-1',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
        OPENAI_API_KEY: 'test',
        OPENAI_BASE_URL: `${simulator.url}/openai/v1`,
        OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS: new URL(simulator.url).host,
        MLFLOW_TRACKING_URI: receiver.url,
        ...env,
      },
    });
    const finished = finish(child).then((run) => ({ ...run, spans: receiver.spans.slice(known) }));
    return { child, finished };
  };

  return {
    folder,
    run: (args, options = {}) => start(args, options).finished,
    async request(args, path, options = {}) {
      const { child, finished } = start(args, options);
      try {
        const url = await Promise.race([printedUrl(child), finished.then(({ stderr }) => Promise.reject(stderr))]);
        const answer = await (await fetch(new URL(path, url))).text();
        child.kill('SIGTERM');
        return { answer, ...(await finished) };
      } finally {
        child.kill('SIGKILL');
      }
    },
  };
}

async function finish(child: Program): Promise<Omit<BundleRun, 'spans'>> {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { stdout, stderr, end: code ?? signal };
}

function printedUrl(child: Program): Promise<string> {
  return new Promise((resolve) => {
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += String(chunk);
      const [url] = /http:\S+/.exec(printed) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
}
