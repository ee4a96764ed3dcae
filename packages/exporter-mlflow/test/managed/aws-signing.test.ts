/** Signatures, with botocore as the judge. */

import { spawn } from 'node:child_process';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type AwsKey, makeKey } from 'testing/managed/keys.js';
import { installMlflow, installPackages } from 'testing/mlflow/install.js';
import { BOTO3 } from 'testing/mlflow/package-sets.js';
import { runningTime } from '../../src/common/running-time.js';
import { createAwsAccess } from '../../src/http/aws/access.js';
import type { WireRequest } from '../../src/http/exchange/authorizer.js';

const JUDGE = fileURLToPath(new URL('../support/judge-signatures.py', import.meta.url));
const MANAGED = fileURLToPath(new URL('../../../testing/src/managed', import.meta.url));
const REQUESTS = 300;
const HOST = 'mlflow.example.aws:8443';

/** A request as it arrives, for the judge. */
interface Arrived {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: Buffer;
  key: AwsKey;
  service: string;
  region: string;
}

async function judge(requests: readonly Arrived[]): Promise<string[]> {
  const { python } = await installMlflow(() => {});
  const packages = await installPackages(BOTO3, () => {});
  const PYTHONPATH = [packages, MANAGED].join(process.platform === 'win32' ? ';' : ':');
  const child = spawn(python, [JUDGE], {
    env: { ...process.env, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(requests.map((request) => ({ ...request, body: request.body.toString('base64') }))));
  return (await json(child.stdout)) as string[];
}

/** Node.js sends headers in Latin-1, and AWS reads UTF-8. */
function onWire(value: string): string {
  return Buffer.from(value.trim(), 'latin1').toString('utf8');
}

/** The same sequence in each run. */
function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

// What URLs, signatures and their libraries treat in a special way.
const PIECES = [
  'a',
  'B',
  '7',
  ' ',
  '+',
  '%',
  '%20',
  '~',
  '*',
  "'",
  '(',
  ')',
  '!',
  '=',
  '&',
  '?',
  '#',
  ':',
  ';',
  ',',
  '@',
  '$',
  '-',
  '_',
  '.',
  '"',
  '<',
  '|',
  '\\',
  '^',
  '`',
  '[',
  '{',
  'é',
  '日本',
  '👍🏽',
  '\u0000',
  '\n',
];

describe('a signature', () => {
  const random = createRandom(20261130);
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T;
  const text = (): string => Array.from({ length: 1 + random(8) }, () => pick(PIECES)).join('');
  /** As AWS encodes, or as the URL class and other clients do. */
  const encode = (part: string, isStrict: boolean): string => {
    const encoded = encodeURIComponent(part);
    return isStrict
      ? encoded.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
      : encoded;
  };

  async function signed(): Promise<Arrived> {
    const key = makeKey({ isTemporary: random(2) === 0 });
    const service = pick(['sagemaker-mlflow', 'sagemaker', 's3']);
    const region = pick(['us-east-1', 'eu-central-1', 'us-gov-west-1']);
    const isStrict = service === 's3';
    const path = `/${Array.from({ length: 1 + random(4) }, () => encode(text(), isStrict)).join('/')}`;
    const pairs = Array.from(
      { length: random(4) },
      () => `${encode(text(), false)}=${encode(random(5) === 0 ? '' : text(), false)}`,
    );
    const query = pairs.length === 0 ? '' : `?${pairs.join('&')}`;
    const body = random(3) === 0 ? undefined : Buffer.from(text().repeat(1 + random(50)));
    const headers = {
      ...(random(2) === 0 ? { 'content-type': 'application/json' } : {}),
      ...(random(2) === 0 ? { 'x-mlflow-experiment-id': '7', 'x-spaces': '  a   b ' } : {}),
      ...(random(2) === 0
        ? { 'user-agent': 'x', traceparent: '00-1-2-03', baggage: 'a=b', 'x-amzn-trace-id': 'y' }
        : {}),
      ...(random(3) === 0 ? { 'x-umlaut': 'ä' } : {}),
    };
    const { id, secret, token } = key;
    const credentials = {
      accessKeyId: id,
      secretAccessKey: secret,
      ...(token === undefined ? {} : { sessionToken: token }),
    };
    const request: WireRequest = {
      method: pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
      url: `https://${HOST}${path}${query}`,
      headers,
      ...(body && { body }),
    };
    const authorizer = createAwsAccess(credentials).authorizer({ service, region });
    const authorization = await authorizer.authorize(request, runningTime() + 10_000, () => Promise.reject());
    if (authorization.kind === 'none') throw new Error(authorization.reason);
    const sent = { ...headers, ...authorization.headers, host: HOST };
    const names = Object.entries(sent).map(([name, value]): [string, string] => [name, onWire(value)]);
    return {
      method: request.method,
      target: `${path}${query}`,
      headers: names,
      body: body ?? Buffer.alloc(0),
      key,
      service,
      region,
    };
  }

  /** The request with one byte changed, in a part that is signed. */
  function spoiled(request: Arrived): Arrived {
    const change = (value: string): string =>
      value.replace(/[a-z0-9](?=[^a-z0-9]*$)/i, (sign) => (sign === 'a' ? 'b' : 'a'));
    const header = (name: string): Arrived => ({
      ...request,
      headers: request.headers.map(([own, value]) => [own, own === name ? change(value) : value]),
    });
    return pick<() => Arrived>([
      () => header('authorization'),
      () => header('x-amz-content-sha256'),
      () => header('host'),
      () => ({ ...request, method: request.method === 'GET' ? 'POST' : 'GET' }),
      () => ({ ...request, target: `/x${request.target}` }),
      () => ({ ...request, target: `${request.target}${request.target.includes('?') ? '&' : '?'}x=` }),
      () => ({ ...request, body: Buffer.concat([request.body, Buffer.from('x')]) }),
      () => ({ ...request, key: { ...request.key, secret: `${request.key.secret}x` } }),
    ])();
  }

  it('is what botocore makes of the request on the wire, and of no other request', async () => {
    const requests: Arrived[] = [];
    for (let count = 0; count < REQUESTS; count++) requests.push(await signed());
    const results = await judge([...requests, ...requests.map(spoiled)]);
    const refused = requests.filter((_, index) => results[index] !== 'ok').map(({ target }) => target);
    expect(refused, 'requests that botocore refuses').to.deep.equal([]);
    const accepted = results.slice(REQUESTS).filter((result) => result === 'ok');
    expect(accepted, 'changed requests that botocore accepts').to.deep.equal([]);
    expect(results).to.have.length(2 * REQUESTS);
  }).timeout(300_000);
});
