import { expect } from 'chai';
import { createRedactor } from '../../src/http/redact/redactor.js';
import { type MlflowConnectionConfig, MlflowSpanExporter } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import { expectHidden, oneSpan, PLACES, plain, SOURCES, UPLOAD } from '../support/repeated-secrets.js';
import { SPELLINGS } from '../support/spellings.js';
import { exportSpans } from '../support/tracing.js';

describe('secrets that a server repeats', () => {
  const test = eachTest();
  const environment = eachEnvironment();
  const { log, startServer } = test;

  it('are hidden in every place, whatever their source and spelling', async () => {
    await expectHidden(test, (choose) =>
      Object.keys(PLACES).flatMap((place) =>
        [1, 2].map(() => ({ source: choose(Object.keys(SOURCES)), spelling: choose(Object.keys(SPELLINGS)), place })),
      ),
    );
  });

  /** What the exporter logs if a server says this in a refusal. */
  async function said(text: string, config: MlflowConnectionConfig): Promise<string> {
    const server = await startServer(({ path }) => (UPLOAD.test(path) ? plain(403, text) : undefined));
    const exporter = new MlflowSpanExporter({ trackingUri: server.url, experimentId: '7', ...config });
    const { error } = await exportSpans(exporter, oneSpan());
    await exporter.shutdown();
    const [line = ''] = log.lines.splice(0);
    return /\(403: (.*?)\)(?:, although|: check)/.exec(line)?.[1] ?? `${error?.message}`;
  }

  const basic = (password: string): MlflowConnectionConfig => ({ username: 'ada', password });
  const parts: [string, MlflowConnectionConfig, string, string][] = [
    ['a short password as a word', basic('k7!'), 'no "k7!" for ada', 'no "[redacted]" for ada'],
    ['all words around a short password in a word', basic('ate'), 'it is later', '[redacted]'],
    ['a short password in base64', basic('k7!'), 'no azch here', 'no [redacted] here'],
    [
      'a short password in base64 with a user name',
      basic('k7>?'),
      'no YWRhOms3Pj8 or ada:k7>?',
      'no [redacted] or [redacted]',
    ],
    [
      'a short value of another header only as a word',
      { headers: { 'x-env': 'prod' } },
      'prod product',
      '[redacted] product',
    ],
    [
      'each cookie',
      { headers: { cookie: 'sid=Rm4ks83h; b="Tq9+wx2m"' } },
      'Rm4ks83h Tq9+wx2m',
      '[redacted] [redacted]',
    ],
    [
      'a secret that the server shortens',
      { token: 'dapi5f9c1e27b3' },
      'token dapi5f9c1e… is bad',
      'token [redacted]… is bad',
    ],
    [
      'keys, session tokens and signatures of AWS',
      {
        headers: {
          authorization:
            'AWS4-HMAC-SHA256 Credential=AKQ7XW/20261130/eu/s/aws4_request, SignedHeaders=host;x-amz-date, Signature=5d6c7e8f9a0b',
          'x-amz-security-token': 'IQoJb3JpZ2lu/x==',
        },
      },
      'AKQ7XW and 5d6c7e8f9a0b and IQoJb3JpZ2lu/x==, host;x-amz-date',
      '[redacted] and [redacted] and [redacted], host;x-amz-date',
    ],
    ['texts in a header with JSON', { headers: { 'x-auth': '{"a":["Wq8zLm3p"]}' } }, 'no Wq8zLm3p', 'no [redacted]'],
    ['what a header has in base64', { headers: { 'x-api': 'U2VjcmV0LTQy' } }, 'no Secret-42', 'no [redacted]'],
    [
      'a token as the user name',
      { username: 'glpat-83hs7Hs82jsK91', password: 'x-oauth-basic' },
      'GLPAT-83hs7Hs82jsK91!',
      '[redacted]!',
    ],
    [
      'no setting of a gateway',
      { headers: { 'x-forwarded-proto': 'https', 'x-cache': 'on', 'x-shard': '1', origin: 'https://mlflow.example' } },
      'No on at https://mlflow.example:1',
      'No on at https://mlflow.example:1',
    ],
    [
      'nothing in escapes that stand for no character',
      { token: 'dapi5f9c1e27b3' },
      'no &unknown; or &#x110000; or \\u{110000} or dapi5f9c1e27b3',
      'no &unknown; or &#x110000; or \\u{110000} or [redacted]',
    ],
    ['nothing else', { token: 'dapi5f9c1e27b3' }, 'Permission denied for ada', 'Permission denied for ada'],
    [
      'control characters',
      {},
      'a\u0000b\u001b[31mc\u009b1md\u202ee\u2066f\u2028g\u0085h\u007fi\u200bj',
      'abcdef g hij',
    ],
  ];
  for (const [what, config, text, shown] of parts) {
    it(`a message hides ${what}`, async () => {
      expect(await said(text, config)).to.equal(shown);
    });
  }

  it('a message has at most 300 characters of a text', async () => {
    expect(await said('ab '.repeat(2000), {})).to.equal(`${'ab '.repeat(100)}…`);
    const secret = 'dapi5f9c1e27b3';
    for (const text of [`${'x'.repeat(290)}${secret}`, `${'x '.repeat(1019)}${secret}`, secret.repeat(400)]) {
      expect(await said(text, { token: secret })).to.not.match(/dapi|27b3/);
    }
  });

  it('the former token is hidden as well as the current one', async () => {
    let asked = 0;
    const token = (): string => `dapi5f9c1e27b${++asked}`;
    const message = await said('had dapi5f9c1e27b1, has dapi5f9c1e27b2', { token });
    expect(message).to.equal('had [redacted], has [redacted]');
  });

  it('the latest 16 of many tokens are hidden', () => {
    const { learn, show } = createRedactor();
    const tokenOf = (request: number): string => `k${request}`.repeat(4);
    for (let request = 100; request < 200; request++) {
      learn({ authorization: `Bearer ${tokenOf(request)}` });
      for (let ago = 0; ago < Math.min(16, request - 99); ago++) {
        expect(show(`bad ${tokenOf(request - ago)}`)).to.equal('bad [redacted]');
      }
      expect(show(`bad ${tokenOf(request + 1)}`)).to.include(tokenOf(request + 1));
    }
  });

  it('the password of a proxy is hidden if the server repeats it', async () => {
    const server = await startServer(({ path }) =>
      /\/v1\/traces/.test(path) ? plain(403, 'via pr0xy-s3cret and cHIweHktczNjcmV0') : undefined,
    );
    const { host } = new URL(server.url);
    environment.set({ http_proxy: `http://ada:pr0xy-s3cret@${host}` });
    const exporter = new MlflowSpanExporter({ trackingUri: 'http://mlflow.example', experimentId: '7' });
    await exportSpans(exporter, oneSpan());
    await exporter.shutdown();
    expect(log.lines[0]).to.include('403: via [redacted] and [redacted])');
  });

  it('an error of a function of the application shows neither its message nor a name with a secret', async () => {
    const secret = 'dapi5f9c1e27b3';
    const errors = [
      new TypeError(secret),
      Object.assign(new Error(), { name: secret }),
      Object.assign(new Error(), { code: 'AKIA5F9C1E27B3' }),
    ];
    for (const error of errors) {
      const token = (): string => {
        throw error;
      };
      expect(await said('', { token, retry: { maxRetries: 0 } })).to.match(/failed with (TypeError|an Error|Error)$/);
    }
    expect(log.lines.join('\n')).to.not.match(/dapi|AKIA/);
  });
});
