/**
 * A stand-in for the front door of SageMaker's MLflow. It checks the Signature V4 of each request with botocore, refuses
 * as AWS does, and forwards the rest unchanged to a real MLflow server.
 *
 * ```ts
 * const mlflow = await testServer();
 * const gateway = await startSageMakerGateway({ mlflow: mlflow.url });
 * // The key of the gateway, its address, and one of its ARNs:
 * Object.assign(process.env, environmentOf(gateway.key), { SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: gateway.url });
 * const exporter = new MlflowSpanExporter({ trackingUri: gateway.serverArn, experimentName });
 * …
 * await gateway.setAnswers([withoutOtlp(404)]);
 * await gateway.setKeys([makeKey({ isTemporary: true })]);
 * const requests = await gateway.requests();
 * await gateway.close();
 * ```
 */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMlflow, installPackages } from '../mlflow/install.js';
import { BOTO3 } from '../mlflow/package-sets.js';
import { createServer } from '../server.js';
import type { GatewayAnswer } from './answers.js';
import { type AwsKey, makeKey } from './keys.js';

/** Settings of a gateway. */
export interface SageMakerGatewayOptions {
  /** URL of the MLflow server behind it. */
  mlflow: string;
  /** The keys that it accepts. Default: one permanent key. */
  keys?: readonly AwsKey[];
  /** Default: `us-east-1`. */
  region?: string;
}

/** A request that has arrived. */
export interface GatewayRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Path and query as sent. */
  readonly target: string;
  /** The status of the answer; 0 if the connection was ended. */
  readonly status: number;
  /** Whether the signature and everything around it was right. */
  readonly verified: boolean;
  /** Only of verified requests. */
  readonly keyId?: string;
  readonly arn?: string;
  /** The type of a refusal in AWS's form. */
  readonly refusal?: string;
  readonly contentEncoding: string | null;
  readonly bodyBytes: number;
  /** In base64, with `keepBodies`. */
  readonly body?: string;
}

/** A running gateway. It ends with this process. */
export interface SageMakerGateway {
  /** For `SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT`, without a trailing slash. */
  readonly url: string;
  /** Tracking URI of the server that it stands for. */
  readonly serverArn: string;
  /** Tracking URI of the app that it stands for. */
  readonly appArn: string;
  /** The first key that it accepted. */
  readonly key: AwsKey;
  /** Accepts these keys and no others from now on. */
  setKeys(keys: readonly AwsKey[]): Promise<void>;
  /** Answers these requests itself from now on. The first answer that fits counts. */
  setAnswers(answers: readonly GatewayAnswer[]): Promise<void>;
  /** Resolves as soon as a request is held. */
  held(): Promise<void>;
  /** Lets held requests go on, and holds no more. */
  release(): Promise<void>;
  /** Makes the gateway's clock differ from that of this machine. */
  setClockOffset(seconds: number): Promise<void>;
  /** Whether the log contains bodies from now on. */
  keepBodies(isKept: boolean): Promise<void>;
  /** All requests that were answered, in the order of their answers. */
  requests(): Promise<GatewayRequest[]>;
  forgetRequests(): Promise<void>;
  close(): Promise<void>;
}

const ACCOUNT = '123456789012';
const PROGRAM = join(import.meta.dirname, 'gateway.py');

/** Installs botocore if needed, and starts a gateway on a free port of this machine. */
export async function startSageMakerGateway(options: SageMakerGatewayOptions): Promise<SageMakerGateway> {
  const { mlflow, region = 'us-east-1', keys = [makeKey()] } = options;
  const [key] = keys;
  if (key === undefined) throw new Error('The gateway needs a key.');
  const { python } = await installMlflow(() => {});
  const packages = await installPackages(BOTO3, () => {});
  const directory = await mkdtemp(join(tmpdir(), 'sagemaker-gateway-'));
  const serverArn = `arn:aws:sagemaker:${region}:${ACCOUNT}:mlflow-tracking-server/demo`;
  const appArn = `arn:aws:sagemaker:${region}:${ACCOUNT}:mlflow-app/app-ABCDEFGHIJKL`;
  const settings = { target: mlflow, arns: [serverArn, appArn], keys };
  let port: string | undefined;
  const server = createServer({
    name: 'The SageMaker gateway',
    command: [python, PROGRAM, JSON.stringify(settings)],
    directory,
    isTemporary: true,
    env: { ...process.env, PYTHONPATH: packages },
    isReady: async () => {
      port = /^(\d+)\n/.exec(await server.log())?.[1];
      return port !== undefined;
    },
  });
  await server.start().catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const url = `http://127.0.0.1:${port}`;
  const ask = async (method: string, route: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${url}${route}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  };
  const control = async (changes: object): Promise<void> => {
    await ask('POST', '/__control', changes);
  };
  return {
    url,
    serverArn,
    appArn,
    key,
    setKeys: (keys) => control({ keys }),
    setAnswers: (answers) => control({ answers }),
    setClockOffset: (clockOffset) => control({ clockOffset }),
    keepBodies: (keepBodies) => control({ keepBodies }),
    async held() {
      await ask('GET', '/__held');
    },
    async release() {
      await ask('POST', '/__release');
    },
    requests: async () => (await ask('GET', '/__requests')) as GatewayRequest[],
    async forgetRequests() {
      await ask('DELETE', '/__requests');
    },
    close: server.close,
  };
}
