/** How the exporter reads the prices of models, and what becomes of spans if it cannot. */

import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { runningTime } from '../../src/common/running-time.js';
import { Slices } from '../../src/common/slices.js';
import { createPricing, type Pricing } from '../../src/export/pricing.js';
import { Reporter } from '../../src/export/report/reporter.js';
import { createHttpClient, type HttpClient } from '../../src/http/client.js';
import { resolveConnection } from '../../src/http/connection.js';
import { followRedirect } from '../../src/http/public-file.js';
import { eachTest } from '../support/each-test.js';
import { startProxy } from '../support/gateways.js';
import { startLocalServer, unusedAddress } from '../support/local-server.js';
import { chatAttributes, MODEL, recordSpans } from '../support/tracing.js';

const LIST = JSON.stringify({
  models: { [MODEL]: { pricing: { input_per_million_tokens: 3, output_per_million_tokens: 15 } } },
});
const WITH_LIST = { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: LIST };
/** Ten tokens in and five out. */
const COST = { input_cost: 10 * (3 / 1e6), output_cost: 5 * (15 / 1e6), total_cost: 10 * (3 / 1e6) + 5 * (15 / 1e6) };
const ADVICE =
  'so traces have no cost: allow this address, or set modelCatalogUri or MLFLOW_MODEL_CATALOG_URI to a copy, such as file:///opt/prices, or to an empty text for no cost.';

const spanWith = (attributes: Attributes): ReadableSpan[] =>
  recordSpans((tracer) => tracer.startSpan('call', { attributes }).end());
const call = (): ReadableSpan[] => spanWith(chatAttributes('Hello?', 'Hello.'));

describe('the price of a span', () => {
  const test = eachTest();
  const folder = mkdtempSync(join(tmpdir(), 'catalog-test-'));
  after(() => rmSync(folder, { recursive: true }));

  function start(uri: string, env: NodeJS.ProcessEnv = {}): { pricing: Pricing; http: HttpClient } {
    const connection = resolveConnection({ trackingUri: 'http://127.0.0.1:9', token: 's3cr3t-token' }, env);
    const http = createHttpClient(connection);
    test.closing.push(() => http.close());
    const pricing = createPricing({ uri, ttlMillis: 60_000 }, http, new Slices(), new Reporter());
    if (pricing === undefined) throw new Error('no catalog');
    return { pricing, http };
  }
  async function costs(pricing: Pricing, spans: readonly ReadableSpan[], millis = 15_000): Promise<unknown[]> {
    const priced = await pricing.apply(
      { spans: [...spans], withCost: new Set() },
      { deadline: runningTime() + millis },
    );
    return priced.map(({ attributes }) => {
      const cost = attributes['mlflow.llm.cost'];
      return typeof cost === 'string' ? JSON.parse(cost) : cost;
    });
  }

  it('is on a copy, because the span is of the application', async () => {
    const catalog = await test.startServer(() => WITH_LIST);
    const { pricing } = start(catalog.url);
    const [span, ...others] = [...call(), ...spanWith({ 'gen_ai.operation.name': 'execute_tool' })];
    const spans = [span as ReadableSpan, ...others];
    const priced = await pricing.apply({ spans, withCost: new Set() }, { deadline: runningTime() + 15_000 });
    expect(JSON.parse(String(priced[0]?.attributes['mlflow.llm.cost']))).to.deep.equal(COST);
    expect(priced[0]?.attributes).to.include(span?.attributes);
    expect(span?.attributes).to.not.have.property('mlflow.llm.cost');
    expect(priced[1]).to.equal(others[0]);
  });

  const conventions: Record<string, Attributes> = {
    "MLflow's attributes, quoted": { ...chatAttributes('Hello?', 'Hello.'), 'mlflow.llm.model': JSON.stringify(MODEL) },
    'a model in the request alone': {
      'mlflow.spanInputs': JSON.stringify({ model: MODEL, messages: [] }),
      'mlflow.chat.tokenUsage': JSON.stringify({ input_tokens: 10, output_tokens: 5, total_tokens: 15 }),
    },
    'the GenAI conventions': {
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': MODEL,
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 5,
    },
    OpenInference: {
      'llm.provider': 'aws',
      'llm.model_name': MODEL,
      'llm.token_count.prompt': 10,
      'llm.token_count.completion': 5,
    },
    Traceloop: {
      'gen_ai.system': 'AWS',
      'gen_ai.request.model': MODEL,
      'gen_ai.usage.prompt_tokens': '10',
      'gen_ai.usage.completion_tokens': 5,
    },
  };
  for (const [name, attributes] of Object.entries(conventions)) {
    it(`is known by ${name}`, async () => {
      const { url } = await test.startServer(() => WITH_LIST);
      expect(await costs(start(url).pricing, spanWith(attributes))).to.deep.equal([COST]);
    });
  }

  it('takes cached tokens of the GenAI conventions into account', async () => {
    const { url } = await test.startServer(() => ({
      status: 200,
      body: LIST.replace('}}', ',"cache_read_per_million_tokens":1,"cache_write_per_million_tokens":5}}'),
    }));
    const attributes = {
      ...conventions['the GenAI conventions'],
      'gen_ai.usage.cache_read.input_tokens': 4,
      'gen_ai.usage.cache_creation.input_tokens': 2,
    };
    const [cost] = (await costs(start(url).pricing, spanWith(attributes))) as Record<string, number>[];
    expect(cost?.['input_cost']).to.be.closeTo((4 * 3 + 4 * 1 + 2 * 5) / 1e6, 1e-12);
  });

  it('comes from a list behind redirects, which gets no credentials', async () => {
    const files = await test.startServer(({ path }) =>
      path === '/download/list?signature=a%2Fb&who=a@b' ? WITH_LIST : undefined,
    );
    const catalog = await test.startServer(({ path }) => ({
      status: path === '/moved/bedrock.json' ? 307 : 302,
      headers: {
        location:
          path === '/moved/bedrock.json' ? `${files.url}/download/list?signature=a%2Fb&who=a@b` : '/moved/bedrock.json',
      },
    }));
    const address = catalog.url.replace('//', '//ada:p%40ss@');
    expect(await costs(start(`${address}/prices`).pricing, call())).to.deep.equal([COST]);
    expect(catalog.requests.map(({ path }) => path)).to.deep.equal(['/prices/bedrock.json', '/moved/bedrock.json']);
    const basic = `Basic ${Buffer.from('ada:p@ss').toString('base64')}`;
    expect(catalog.requests.map(({ headers }) => headers.authorization)).to.deep.equal([basic, basic]);
    expect(files.requests.map(({ headers }) => headers.authorization)).to.deep.equal([undefined]);
    expect(JSON.stringify([catalog.requests, files.requests])).to.not.include('s3cr3t');
  });

  it('comes from a server that wants a token as the password alone', async () => {
    const catalog = await test.startServer(() => WITH_LIST);
    expect(await costs(start(catalog.url.replace('//', '//:t0ken@')).pricing, call())).to.deep.equal([COST]);
    const [request] = catalog.requests;
    expect(request?.headers.authorization).to.equal(`Basic ${Buffer.from(':t0ken').toString('base64')}`);
  });

  it('comes through the proxy of other requests', async () => {
    const proxy = await startProxy();
    test.closing.push(proxy.close);
    const catalog = await test.startServer(() => WITH_LIST);
    const address = `http://catalog.test:${new URL(catalog.url).port}`;
    expect(await costs(start(address, { http_proxy: proxy.url }).pricing, call())).to.deep.equal([COST]);
    expect(proxy.requests.map(({ target }) => target)).to.deep.equal([`${address}/bedrock.json`]);
  });

  it('comes from a folder', async () => {
    const prices = join(folder, 'prices of today');
    mkdirSync(prices);
    writeFileSync(join(prices, 'bedrock.json'), LIST);
    expect(await costs(start(pathToFileURL(prices).href).pricing, call())).to.deep.equal([COST]);
  });

  it('is missing for all spans after one warning if the list cannot be read', async () => {
    const catalog = await test.startServer(() => ({ status: 503, body: 'no s3cr3t here' }));
    const { pricing } = start(catalog.url.replace('//', '//ada:pa55word@'));
    for (let n = 0; n < 3; n++) expect(await costs(pricing, call())).to.deep.equal([undefined]);
    expect(catalog.requests).to.have.length(1);
    expect(test.log.lines).to.deep.equal([
      `warn: MLflow's price list ${catalog.url}/bedrock.json cannot be read (503), ${ADVICE}`,
    ]);
  });

  const endless = (): Promise<string> =>
    test.startServer(({ path }) => ({ status: 302, headers: { location: `${path}x` } })).then(({ url }) => url);
  const huge = async (): Promise<string> => {
    const server = await startLocalServer(() => (response) => {
      response.writeHead(200);
      const block = Buffer.alloc(1024 * 1024, ' ');
      const write = (): void => void response.write(block, (error) => !error && write());
      write();
    });
    test.closing.push(server.close);
    return server.url;
  };
  const inFolder = (name: string, create: (path: string) => void): (() => Promise<string>) => {
    return async () => {
      mkdirSync(join(folder, name));
      create(join(folder, name, 'bedrock.json'));
      return pathToFileURL(join(folder, name)).href;
    };
  };
  const missing = async (): Promise<string> => pathToFileURL(join(folder, 'nothing')).href;
  const faults: [string, () => Promise<string>, RegExp][] = [
    ['redirects without end', endless, /\(more than 5 redirects\)/],
    ['is of endless length', huge, /\(answer of more than 4 MB\)/],
    ['has no server', unusedAddress, /ECONNREFUSED/],
    ['is missing', missing, /\(Error \(ENOENT\)\)/],
    ['is missing on its server', () => test.startServer(() => ({ status: 404 })).then(({ url }) => url), /\(404\)/],
    ['is a folder', inFolder('folders', (path) => mkdirSync(path)), /\(not a file\)/],
    [
      'is a file of more than 4 MB',
      inFolder('long files', (path) => writeFileSync(path, ' '.repeat(4 * 1024 * 1024 + 1))),
      /\(more than 4 MB\)/,
    ],
    ['is a file of another machine', async () => 'file://mirror/prices', /\(TypeError \(ERR_INVALID_FILE_URL_HOST\)\)/],
    ['has a user name that is no text', async () => 'http://%E9@127.0.0.1:9', /\(URIError\)/],
    [
      'is not in JSON',
      () => test.startServer(() => ({ status: 200, body: '<html>' })).then(({ url }) => url),
      /\(not a price list\)/,
    ],
  ];
  for (const [name, address, reason] of faults) {
    it(`is missing if the list ${name}`, async () => {
      expect(await costs(start(await address()).pricing, call())).to.deep.equal([undefined]);
      expect(test.log.lines).to.have.length(1);
      expect(test.log.lines[0]).to.match(reason).and.include(ADVICE);
    });
  }

  it('keeps spans a third of their time at most if the list does not come', async () => {
    const catalog = await test.startServer(() => () => {});
    const { pricing } = start(catalog.url);
    const begin = performance.now();
    expect(await costs(pricing, call(), 1200)).to.deep.equal([undefined]);
    expect(await costs(pricing, call(), 60_000)).to.deep.equal([undefined]);
    expect(performance.now() - begin).to.be.within(400, 1200);
    expect(test.log.lines[0]).to.include('(no answer in time)');
  });

  it('keeps no span any longer once the connections are closed', async () => {
    const arrivals = new EventEmitter();
    const catalog = await test.startServer(() => () => void arrivals.emit('request'));
    const arrived = once(arrivals, 'request');
    const { pricing, http } = start(catalog.url);
    const begin = performance.now();
    const priced = costs(pricing, call());
    await arrived;
    http.close();
    expect(await priced).to.deep.equal([undefined]);
    expect(performance.now() - begin).to.be.lessThan(2000);
  });
});

describe('a redirect of a public file', () => {
  const from = new URL('https://ada:pw@files.test/a/b.json');
  const target = (location: string | undefined): string => String(followRedirect(from, location));

  it('is followed to https: only, and takes credentials along on the same server alone', () => {
    expect(target('https://elsewhere.test/x?y')).to.equal('https://elsewhere.test/x?y');
    expect(target('https://eve:pw2@elsewhere.test/')).to.equal('https://elsewhere.test/');
    expect(target('c.json')).to.equal('https://ada:pw@files.test/a/c.json');
    expect(target('http://files.test/a/b.json')).to.equal('redirected from https: to http:');
    expect(target('file:///etc/passwd')).to.equal('redirected from https: to file:');
    for (const location of [undefined, 'http://']) {
      expect(target(location)).to.equal('a redirect without an address');
    }
    expect(String(followRedirect(new URL('http://files.test/'), 'https://files.test/'))).to.equal(
      'https://files.test/',
    );
    expect(String(followRedirect(new URL('http://files.test/'), '//other.test/'))).to.equal('http://other.test/');
    expect(String(followRedirect(new URL('http://files.test/'), 'file:///etc/passwd'))).to.match(/^redirected/);
  });
});
