/** Python's MLflow client with the plugin for SageMaker, which AWS documents as the way to its managed MLflow. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { installMlflow, installPackages } from '../mlflow/install.js';
import { BOTO3, SAGEMAKER_MLFLOW } from '../mlflow/package-sets.js';

/** A span that the reference client records. */
export interface DescribedSpan {
  readonly name: string;
  /** As in MLflow, for example `CHAT_MODEL`. */
  readonly type: string;
  readonly inputs: unknown;
  /** Not of a span with an error. */
  readonly outputs?: unknown;
  /** Values as Python's `set_attribute` takes them. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly events?: readonly { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[];
  /** The message of the exception by which the span ends. */
  readonly error?: string;
  readonly children?: readonly DescribedSpan[];
}

/** A trace that the reference client records. */
export interface DescribedTrace {
  readonly session: string;
  readonly user: string;
  readonly clientRequestId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly root: DescribedSpan;
}

/** A span as the reference client reads it. */
interface ReferenceSpan {
  readonly name: string;
  /** The name of its parent. */
  readonly parent: string | null;
  readonly type: string;
  readonly status: string;
  readonly message: string;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
}

/** A trace as the reference client reads it. */
export interface ReferenceTrace {
  readonly state: string;
  readonly requestPreview: string | null;
  readonly responsePreview: string | null;
  readonly clientRequestId: string | null;
  readonly tokenUsage: Readonly<Record<string, number>> | null;
  readonly cost: Readonly<Record<string, number>> | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly request: unknown;
  readonly response: unknown;
  readonly spans: readonly ReferenceSpan[];
}

/** A running client. */
export interface ReferenceClient {
  /** Records a trace and waits until it has arrived. Returns its id. */
  record(uri: string, experiment: string, trace: DescribedTrace): Promise<string>;
  /** Reads a trace of any client. */
  read(uri: string, traceId: string): Promise<ReferenceTrace>;
  close(): Promise<void>;
}

const PROGRAM = join(import.meta.dirname, 'reference_client.py');

/**
 * Starts one process for all traces of a test, because Python needs seconds to import MLflow.
 *
 * @param environment added to that of this process: addresses and keys
 */
export async function startReferenceClient(environment: Readonly<Record<string, string>>): Promise<ReferenceClient> {
  const { python } = await installMlflow(() => {});
  const packages = [await installPackages(SAGEMAKER_MLFLOW, () => {}), await installPackages(BOTO3, () => {})];
  const child = spawn(python, [PROGRAM], {
    env: {
      ...process.env,
      ...environment,
      PYTHONPATH: packages.join(delimiter),
      MLFLOW_MODEL_CATALOG_URI: '',
      MLFLOW_LOGGING_LEVEL: 'WARNING',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (command: object): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const { value: line, done } = await lines.next();
    if (done) throw new Error('The reference client ended. Its output says why.');
    const { value, error } = JSON.parse(line) as { value?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return value;
  };
  return {
    record: async (uri, experiment, trace) => (await ask({ do: 'record', uri, experiment, trace })) as string,
    read: async (uri, traceId) => (await ask({ do: 'read', uri, traceId })) as ReferenceTrace,
    async close() {
      // The program ends with its input, and so it ends with this process.
      child.stdin.end();
      await ended;
    },
  };
}
