import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { MlflowClient, type MlflowConnectionConfig, MlflowSpanExporter } from '../../src/index.js';
import type { EachTest } from './each-test.js';
import type { Answer, LocalServer } from './local-server.js';
import { reveals, SPELLINGS } from './spellings.js';
import { exportSpans, recordSpans } from './tracing.js';

/** Numbers from 0 to 1, the same in each run: https://github.com/bryc/code/blob/master/jshash/PRNGs.md#mulberry32 */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const json = (status: number, body: object): Answer => ({ status, body: JSON.stringify(body) });
export const plain = (status: number, body: string): Answer => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
});
export const UPLOAD = /^\/v1\/traces/;
const EXPERIMENT = /\/experiments\/get/;
const RECORD = /\/3\.0\/mlflow\/traces/;

/** Where a server may repeat a secret: the path of the request, and the answer with the text in it. */
export const PLACES: Record<string, [RegExp, (text: string) => Answer]> = {
  'a refusal': [UPLOAD, (text) => json(400, { error_code: 'INVALID_PARAMETER_VALUE', message: `bad ${text} here` })],
  'the code of an error': [UPLOAD, (text) => json(400, { error_code: text, message: 'bad' })],
  'details of a validation': [UPLOAD, (text) => json(422, { detail: [{ loc: ['header'], msg: `got "${text}"` }] })],
  'an error in another form': [UPLOAD, (text) => json(400, { error: { message: text } })],
  'a refusal in plain text': [UPLOAD, (text) => plain(400, `token=${text}; rejected`)],
  'a lack of permission': [UPLOAD, (text) => plain(403, `Permission denied for ${text}`)],
  'an internal error': [UPLOAD, (text) => json(500, { error_code: 'INTERNAL_ERROR', message: `('${text}',)` })],
  'an outage': [UPLOAD, (text) => plain(503, `no upstream for ${text}`)],
  'a missing feature': [UPLOAD, (text) => json(500, { error_code: 'FEATURE_DISABLED', message: text })],
  'a partial success': [
    UPLOAD,
    (text) => json(200, { partialSuccess: { rejectedSpans: '0', errorMessage: `deprecated: ${text}` } }),
  ],
  'a binary partial success': [
    UPLOAD,
    (text) => (response) => {
      const message = Buffer.from(text);
      const length = (bytes: number): number[] => (bytes < 128 ? [bytes] : [(bytes & 127) | 128, bytes >> 7]);
      const partial = Buffer.concat([Buffer.from([0x08, 1, 0x12, ...length(message.length)]), message]);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' });
      response.end(Buffer.concat([Buffer.from([0x0a, ...length(partial.length)]), partial]));
    },
  ],
  'a redirect': [UPLOAD, (text) => ({ status: 302, headers: { location: `https://login/${encodeURI(text)}?a=b` } })],
  'the name of an experiment': [
    EXPERIMENT,
    (text) => json(200, { experiment: { experiment_id: '7', name: text, lifecycle_stage: 'deleted' } }),
  ],
  'the refusal of a record': [RECORD, (text) => json(400, { error_code: 'BAD_REQUEST', message: text })],
};

const LETTERS = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789';
const SIGNS = '-_.~!$&\'()*,/:?@%+=<>"\\#|';

/** Where an application may have a secret. */
export const SOURCES: Record<string, (secret: string, trackingUri: string) => MlflowConnectionConfig> = {
  'a token': (token) => ({ token }),
  'a token function': (token) => ({ token: () => token }),
  'a password': (password) => ({ username: 'ada', password }),
  'the tracking URI': (password, uri) => ({
    trackingUri: uri.replace('//', `//ada:${encodeURIComponent(password)}@`),
  }),
  'a query': (secret, uri) => ({ trackingUri: `${uri}/?key=${encodeURIComponent(secret)}` }),
  'a query without names': (secret, uri) => ({ trackingUri: `${uri}/?${encodeURIComponent(secret)}` }),
  'a header of a gateway': (secret) => ({ headers: { 'X-Gateway': secret } }),
  'a header of MLflow': (secret) => ({ headers: { 'X-MLflow-Authorization': `bEARER ${secret}` } }),
  'a header function': (secret) => ({ headers: () => ({ 'x-mlflow-key': secret }) }),
  'a digest': (secret) => ({ headers: { authorization: `Digest username="ada", response="${escapeQuotes(secret)}"` } }),
  'a pair in another header': (secret) => ({
    headers: { 'x-forwarded-authorization': `basic ${Buffer.from(`ada:${secret}`).toString('base64')}` },
  }),
};

function escapeQuotes(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

export const oneSpan = (): ReadableSpan[] =>
  recordSpans((tracer) => tracer.startSpan('span', { attributes: { a: 'b', c: 'd' } }).end());

/**
 * Lets a server repeat secrets, and looks for them in whatever leaves the exporter and the client.
 *
 * @param cases returns the source, the spelling and the place of each secret
 */
export async function expectHidden(
  { log, startServer }: EachTest,
  cases: (choose: <T>(list: readonly T[]) => T) => Iterable<{ source: string; spelling: string; place: string }>,
): Promise<void> {
  const random = createRandom(30);
  const choose = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const secretOf = (length: number): string =>
    Array.from({ length }, () => choose([...(random() < 0.7 ? LETTERS : `${SIGNS}äß`)])).join('');
  let answer: [RegExp, Answer] = [/^$/, plain(200, '')];
  const server = await startServer(({ path, body }) =>
    answer[0].test(path) && !body.includes('mlflow.exporter.leftOut') ? answer[1] : undefined,
  );
  for (const { source, spelling, place } of cases(choose)) {
    const secret = `K${secretOf(6 + Math.floor(random() * 30))}z`;
    const [path, write] = PLACES[place]!;
    answer = [path, write(SPELLINGS[spelling]!(secret))];
    server.requests.length = 0;
    log.lines.splice(0);
    const out = await outputs(server, log.lines, SOURCES[source]!(secret, server.url));
    expect(reveals(out, secret), `${secret} of ${source}, ${spelling}, in ${place}:\n${out}`).to.equal(false);
  }
}

/** Whatever leaves the exporter and the client: log lines, errors, and the bodies of requests. */
async function outputs(server: LocalServer, lines: readonly string[], config: MlflowConnectionConfig): Promise<string> {
  const all = { trackingUri: server.url, retry: { maxRetries: 0 }, ...config };
  const exporter = new MlflowSpanExporter({ ...all, experimentId: '7', compression: 'none' });
  const client = new MlflowClient(all);
  const { error } = await exportSpans(exporter, oneSpan());
  await exporter.shutdown();
  const rejections = await Promise.allSettled([
    client.createExperiment('x'),
    client.setTraceTag(`tr-${'0'.repeat(32)}`, 'key', 'value'),
  ]);
  client.close();
  const errors = [error, ...rejections.map((result) => (result.status === 'rejected' ? result.reason : undefined))];
  const texts = errors.map((one) => one && `${one.message} ${one.errorCode} ${one.stack}`);
  const bodies = server.requests.map(({ body }) => body.toString('latin1'));
  return [...lines, ...texts, ...bodies].join('\n');
}
