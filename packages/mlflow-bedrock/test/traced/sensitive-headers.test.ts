/** Traced functions never record HTTP headers with credentials. */

import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createInstrumentation } from '../../src/autolog/instrumentation.js';
import { setContentConfig } from '../../src/current-trace/content-config.js';
import { state } from '../../src/current-trace/process-state.js';
import { SENSITIVE_HEADERS, traced } from '../../src/index.js';
import { hideHeaders } from '../../src/traced/sensitive-headers.js';
import { type Recording, recordSpans } from '../support/spans.js';

const SECRET = 'planted-secret-4711';

describe('the headers with credentials', () => {
  let recording: Recording;
  beforeEach(() => {
    recording = recordSpans();
  });
  afterEach(() => recording.stop());

  const recorded = (): string => JSON.stringify(recording.spans().map(({ attributes }) => attributes));

  it('are not recorded of a request handler of node:http, also not from the answer that it returns', async () => {
    const handle = traced('handler', (_req: IncomingMessage, res: ServerResponse) => {
      res.setHeader('Set-Cookie', [`sid=${SECRET}`, `other=${SECRET}`]);
      res.setHeader('X-Plain', 'kept');
      res.end('done');
      return res;
    });
    const server = createServer((req, res) => void handle(req, res)).listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      const headers = Object.fromEntries(SENSITIVE_HEADERS.map((name) => [name, `Bearer ${SECRET}`]));
      const { port } = server.address() as AddressInfo;
      await new Promise<void>((resolve, reject) => {
        get({ port, host: '127.0.0.1', headers: { ...headers, 'X-Plain': 'kept' }, agent: false }, (response) => {
          response.resume().once('end', resolve);
        }).once('error', reject);
      });
    } finally {
      server.close();
    }
    const { attributes } = recording.span('handler');
    expect(attributes['mlflow.spanInputs']).to.include('rawHeaders').and.to.include('kept');
    expect(attributes['mlflow.spanOutputs']).to.include('kept');
    expect(recorded()).to.not.include(SECRET);
  });

  it('are not recorded of fetch’s Request, Response and Headers, of Maps and of generators', async () => {
    const headers = new Headers({ authorization: SECRET, cookie: SECRET });
    const request = new Request('http://localhost/', { headers });
    const give = traced('give', (..._args: unknown[]) => new Response('x', { headers: { 'set-cookie': SECRET } }));
    give(request, headers, new Map(Object.entries({ authorization: SECRET })), [...headers], [...headers].flat());
    const items = traced('items', function* () {
      yield { headers: { Authorization: SECRET } };
      yield ['Cookie', SECRET];
    });
    expect([...items()]).to.have.lengthOf(2);
    expect(recorded()).to.not.include(SECRET);
  });

  const SPELLINGS: Readonly<Record<string, unknown>> = {
    'in other cases': { AUTHORIZATION: SECRET, Cookie: SECRET, 'SET-COOKIE': [SECRET] },
    'as members of code': { xApiKey: SECRET, api_key: SECRET, setCookie: SECRET, proxyAuthorization: SECRET },
    'as variables of CGI': { HTTP_AUTHORIZATION: SECRET, HTTP_COOKIE: SECRET },
    'of other providers': {
      'X-MLflow-Authorization': SECRET,
      'x-acme-authorization': SECRET,
      'x-acme-api-key': SECRET,
    },
    'parsed by a framework': { req: { cookies: { sid: SECRET }, signedCookies: { sid: SECRET } } },
    'at any depth': [[{ a: { b: [{ headers: { authorization: { scheme: 'Bearer', value: SECRET } } }] } }]],
    'of a Lambda event': {
      headers: { Authorization: SECRET },
      multiValueHeaders: { Cookie: [SECRET, SECRET] },
      cookies: [SECRET],
    },
    'as a flat list': { rawHeaders: ['Host', 'a', 'Authorization', SECRET, 'COOKIE', SECRET] },
    'as entries': {
      headers: [
        ['accept', '*/*'],
        ['authorization', SECRET],
        ['set-cookie', [SECRET]],
      ],
    },
    'as pairs with names': [
      { name: 'Cookie', value: SECRET },
      { key: 'Authorization', value: SECRET },
    ],
    'in a raw head': { _header: `HTTP/1.1 200 OK\r\nSet-Cookie: ${SECRET}\r\n ${SECRET}\r\nX-Plain: kept\r\n\r\n` },
    'in a head with other line ends': `GET / HTTP/1.1\nHost: a\nAuthorization: Bearer ${SECRET}\nCookie: ${SECRET}\n\n`,
    'in JSON text inside of JSON text': JSON.stringify({
      body: JSON.stringify({ headers: { Authorization: `"${SECRET}"`, Cookie: SECRET }, kept: 'x' }),
    }),
    'in JSON text': { body: JSON.stringify({ headers: { Authorization: `Bearer \\"${SECRET}`, cookie: SECRET } }) },
  };
  for (const [name, value] of Object.entries(SPELLINGS)) {
    it(`are not recorded ${name}`, () => {
      traced('call', (input: unknown) => input)(value);
      expect(recorded()).to.include('[redacted]');
      expect(recorded()).to.not.include(SECRET);
    });
  }

  const RAW = ['Authorization', `Bearer ${SECRET}`, 'X-Api-Key', SECRET];
  const MORE: Readonly<Record<string, unknown>> = {
    'as bytes, in the raw headers of undici': RAW.map((text) => Buffer.from(text)),
    'as bytes, in pairs': [[new TextEncoder().encode('cookie'), new TextEncoder().encode(SECRET)]],
    'as bytes, in entries': [{ key: Buffer.from('authorization'), rawValue: Buffer.from(SECRET) }],
    'as a flat list of HTTP/2': { rawHeaders: [':method', 'GET', ':path', '/', 'cookie', SECRET] },
    'as pairs with names in other cases': [{ Name: 'Cookie', Value: SECRET }],
    'of extensions': { 'x-acme-token': SECRET, 'X-Client-Secret': SECRET, HTTP_X_JWT: SECRET, 'x-auth': SECRET },
    'as tokens of OAuth': { access_token: SECRET, refreshToken: SECRET, 'id-token': SECRET },
    'in lists in JSON text': JSON.stringify({ multiValueHeaders: { Cookie: [SECRET, SECRET] }, cookies: [SECRET] }),
    'in raw headers in JSON text': JSON.stringify({ rawHeaders: RAW }),
    'in entries in JSON text': JSON.stringify([{ name: 'Cookie', value: SECRET }, ['authorization', SECRET]]),
    'in JSON text with escapes': `{"\\u0041uthorization":"${SECRET}"}`,
    'in text with JSON text in it': `The request was {"headers":{"Cookie":"${SECRET}"}} at noon.`,
  };
  for (const [name, value] of Object.entries(MORE)) {
    it(`are not recorded ${name}`, () => {
      traced('call', (input: unknown) => input)(value);
      expect(recorded()).to.include('[redacted]');
      expect(recorded()).to.not.include(SECRET);
      for (let offset = 0; offset < 3; offset++) {
        const encoded = Buffer.from(`${' '.repeat(offset)}${SECRET}`)
          .toString('base64')
          .slice(4, -4);
        expect(recorded()).to.not.include(encoded);
      }
    });
  }

  it('are not recorded of requests and answers of node:http2', async () => {
    const handle = traced('handler', (_req: Http2ServerRequest, res: Http2ServerResponse) => {
      res.setHeader('Set-Cookie', SECRET);
      res.end('done');
      return res;
    });
    const server = createHttp2Server((req, res) => void handle(req, res)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      const send = traced('send', (headers: OutgoingHttpHeaders) => session.request(headers));
      await once(send({ ':path': '/', authorization: SECRET, cookie: SECRET }).resume(), 'end');
    } finally {
      session.close();
      server.close();
    }
    expect(recording.span('handler').attributes).to.include.keys('mlflow.spanInputs', 'mlflow.spanOutputs');
    expect(recording.span('send').attributes['mlflow.spanInputs']).to.include('[redacted]');
    expect(recorded()).to.not.include(SECRET);
  });

  it('are hidden in texts of millions of characters', () => {
    const texts = [
      '"Cookie":"'.repeat(1e5),
      `{"cookie":"${'\\\\"'.repeat(1e6)}"}`,
      `\r\nCookie:${'\r\n '.repeat(1e6)}`,
    ];
    const others = ['a:\r\n'.repeat(1e5), '\\\\'.repeat(1e6), `\r\n${'a-'.repeat(1e6)}`, `{"a":"${'x'.repeat(1e7)}"}`];
    for (const text of texts) expect(hideHeaders(text)).to.include('[redacted]');
    for (const text of others) expect(hideHeaders(text)).to.equal(text);
  });

  it('include those that the application names', () => {
    traced(
      { name: 'call', sensitiveHeaders: ['X-Tenant-Secret'] },
      (input: unknown) => input,
    )({
      x_tenant_secret: SECRET,
    });
    expect(recorded()).to.not.include(SECRET);
  });

  it('include those that autolog() names for all functions', () => {
    const instrumentation = createInstrumentation({ sensitiveHeaders: ['X-Tenant-Key'] });
    try {
      traced(
        { name: 'call', sensitiveHeaders: ['X-Other-Key'] },
        (input: unknown) => input,
      )({
        x_tenant_key: SECRET,
        'x-other-key': SECRET,
      });
      expect(recorded()).to.not.include(SECRET);
    } finally {
      instrumentation.disable();
      setContentConfig(undefined);
      state.sensitiveHeaders = undefined;
    }
  });

  it('are hidden before contentHook gets them', () => {
    expect(hideHeaders({ headers: { cookie: SECRET } })).to.deep.equal({ headers: { cookie: '[redacted]' } });
  });

  it('are all that is changed', () => {
    const plain = {
      question: 'Cookie: how long in the oven?',
      max_tokens: 5,
      token: 'the',
      isAuthorization: true,
      authorization: null,
      list: ['a', 'b', 'c'],
      words: ['content-type', 'text/plain', 'accept', 'cookie'],
      text: 'one\r\ntwo: three\r\n{"name":"value"}',
      json: '{ "cookie": true, "words": ["a", "cookie", "b"], "id": 12345678901234567890 }',
      xml: { xmlToken: 'a', x_axis: 'b', nextToken: 'c', max_tokens: 'd' },
    };
    expect(hideHeaders(structuredClone(plain))).to.deep.equal(plain);
  });
});
