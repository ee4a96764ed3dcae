/**
 * Stand-ins for the front door of SageMaker's MLflow, for S3 and for STS. They check the Signature V4 of each request with
 * botocore and refuse as AWS does. The front door forwards what it accepts unchanged to a real MLflow server.
 *
 * ```ts
 * const mlflow = await testServer();
 * const gateway = await startSageMakerGateway({ mlflow: mlflow.url });
 * // The key, the addresses, the region, and no other settings of AWS:
 * Object.assign(process.env, gateway.environment());
 * const exporter = new MlflowSpanExporter({ trackingUri: gateway.serverArn, experimentName });
 * …
 * await gateway.setAnswers([withoutOtlp(404)]);
 * await gateway.setKeys([makeKey({ isTemporary: true })]);
 * await gateway.s3.read('traces/folder/traces.json');
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
import { type AwsKey, environmentOf, makeKey } from './keys.js';

/** Settings of a gateway. */
export interface SageMakerGatewayOptions {
  /** URL of the MLflow server behind it. */
  mlflow: string;
  /** The keys that it accepts. Default: one permanent key. */
  keys?: readonly AwsKey[];
  /** Default: `us-east-1`. */
  region?: string;
  /** The buckets of S3. Default: `traces`. */
  buckets?: readonly string[];
}

/** A request that has arrived. */
interface GatewayRequest {
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
  /** Only of verified requests to MLflow. */
  readonly arn?: string;
  /** Only of verified requests to STS. */
  readonly role?: string;
  readonly session?: string;
  /** The type of a refusal in AWS's form. */
  readonly refusal?: string;
  readonly contentEncoding: string | null;
  readonly bodyBytes: number;
  /** In base64, with `keepBodies`. */
  readonly body?: string;
}

/** A running S3. */
export interface S3 {
  /** For `AWS_ENDPOINT_URL_S3`. */
  readonly url: string;
  /** Bucket and key of each object. */
  objects(): Promise<string[]>;
  /** The text of an object. */
  read(name: string): Promise<string>;
  requests(): Promise<GatewayRequest[]>;
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
  readonly s3: S3;
  readonly sts: { readonly url: string; requests(): Promise<GatewayRequest[]> };
  /** What a client of the three services needs in its environment, with a key in variables. */
  environment(key?: AwsKey): Record<string, string>;
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
  /** All requests to MLflow that were answered, in the order of their answers. */
  requests(): Promise<GatewayRequest[]>;
  /** Forgets those to all services. */
  forgetRequests(): Promise<void>;
  close(): Promise<void>;
}

const ACCOUNT = '123456789012';
type Ports = Record<'mlflow' | 's3' | 'sts' | 'control', number>;

const PROGRAM = join(import.meta.dirname, 'aws.py');

/** Installs botocore if needed, and starts a gateway on a free port of this machine. */
export async function startSageMakerGateway(options: SageMakerGatewayOptions): Promise<SageMakerGateway> {
  const { mlflow, region = 'us-east-1', keys = [makeKey()], buckets = ['traces'] } = options;
  const [key] = keys;
  if (key === undefined) throw new Error('The gateway needs a key.');
  const { python } = await installMlflow(() => {});
  const packages = await installPackages(BOTO3, () => {});
  const directory = await mkdtemp(join(tmpdir(), 'sagemaker-gateway-'));
  const serverArn = `arn:aws:sagemaker:${region}:${ACCOUNT}:mlflow-tracking-server/demo`;
  const appArn = `arn:aws:sagemaker:${region}:${ACCOUNT}:mlflow-app/app-ABCDEFGHIJKL`;
  const settings = { target: mlflow, arns: [serverArn, appArn], region, buckets, keys };
  let ports: Ports | undefined;
  const server = createServer({
    name: 'The SageMaker gateway',
    command: [python, PROGRAM, JSON.stringify(settings)],
    directory,
    isTemporary: true,
    env: { ...process.env, PYTHONPATH: packages },
    isReady: async () => {
      const [line = '', rest] = (await server.log()).split('\n');
      ports = rest === undefined ? undefined : (JSON.parse(line) as Ports);
      return ports !== undefined;
    },
  });
  await server.start().catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const urlOf = (name: keyof Ports): string => `http://127.0.0.1:${ports?.[name]}`;
  const ask = async (method: string, route: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${urlOf('control')}${route}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  };
  const requestsOf = async (name: string): Promise<GatewayRequest[]> =>
    (await ask('GET', `/requests/${name}`)) as GatewayRequest[];
  const control = async (changes: object): Promise<void> => {
    await ask('POST', '/control', changes);
  };
  return {
    url: urlOf('mlflow'),
    serverArn,
    appArn,
    key,
    s3: {
      url: urlOf('s3'),
      objects: async () => (await ask('GET', '/objects')) as string[],
      read: async (name) => (await ask('GET', `/objects/${encodeURIComponent(name)}`)) as string,
      requests: () => requestsOf('s3'),
    },
    sts: { url: urlOf('sts'), requests: () => requestsOf('sts') },
    environment: (ofKey = key) => ({
      ...environmentOf(ofKey),
      AWS_REGION: region,
      AWS_ENDPOINT_URL_S3: urlOf('s3'),
      AWS_ENDPOINT_URL_STS: urlOf('sts'),
      SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT: urlOf('mlflow'),
    }),
    setKeys: (keys) => control({ keys }),
    setAnswers: (answers) => control({ answers }),
    setClockOffset: (clockOffset) => control({ clockOffset }),
    keepBodies: (keepBodies) => control({ keepBodies }),
    async held() {
      await ask('GET', '/held');
    },
    async release() {
      await ask('POST', '/release');
    },
    requests: () => requestsOf('mlflow'),
    async forgetRequests() {
      await ask('DELETE', '/requests');
    },
    close: server.close,
  };
}
