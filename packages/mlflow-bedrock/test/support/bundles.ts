/** Runs bundles in a folder where no packages are installed, against the simulator and a receiver of spans. */

import { execFile } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import type { ReceivedSpan } from 'testing/otlp-decode.js';
import { type OtlpReceiver, startOtlpReceiver } from 'testing/otlp-receiver.js';

/** What the scripted model answers, and so the application prints. */
export const ANSWER = 'Hello! How can I help you today? (Scripted by the local Bedrock simulator; no model ran.)\n';

export interface BundleRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly spans: readonly ReceivedSpan[];
}

export interface Bundles {
  /** An empty folder outside of the repository, which is removed after the tests. */
  readonly folder: string;
  /**
   * Runs a program to its end. Spans go to the receiver as to MLflow.
   *
   * @param args of `node`; paths are relative to the folder.
   * @throws Error with its output if it fails
   */
  run(
    args: readonly string[],
    options?: { readonly node?: string; readonly env?: NodeJS.ProcessEnv },
  ): Promise<BundleRun>;
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
  return {
    folder,
    async run(args, { node = process.execPath, env = {} } = {}) {
      const before = receiver.spans.length;
      const { stdout, stderr } = await promisify(execFile)(node, [...args], {
        cwd: folder,
        env: {
          PATH: process.env['PATH'],
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
          AWS_REGION: 'us-east-1',
          AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
          AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
          MLFLOW_TRACKING_URI: receiver.url,
          ...env,
        },
      });
      return { stdout, stderr, spans: receiver.spans.slice(before) };
    },
  };
}
