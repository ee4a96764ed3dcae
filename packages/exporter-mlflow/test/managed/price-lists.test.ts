/** The prices of models, and the cost of calls, on this side of the server. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runningTime } from '../../src/common/running-time.js';
import { say } from '../../src/common/shown-text.js';
import type { Limit } from '../../src/common/waiting.js';
import type { PublicFile } from '../../src/http/public-file.js';
import { type Cost, readTokenUsage, type TokenUsage } from '../../src/mlflow/figures.js';
import { costOf } from '../../src/mlflow/prices/cost.js';
import { type CalledModel, findPrices } from '../../src/mlflow/prices/find-prices.js';
import { type PriceList, parsePriceList } from '../../src/mlflow/prices/price-list.js';
import { PriceLists } from '../../src/mlflow/prices/price-lists.js';
import { runPython } from '../support/python.js';

/** A file of the catalog with these prices for a million tokens. */
function catalog(models: Record<string, Record<string, unknown>>): string {
  const entries = Object.entries(models).map(([id, pricing]) => [id, { mode: 'chat', pricing }]);
  return JSON.stringify({ schema_version: '1.0', models: Object.fromEntries(entries) });
}

const price = (input: number, output: number): Record<string, number> => ({
  input_per_million_tokens: input,
  output_per_million_tokens: output,
});
const usage = (inputTokens: number, outputTokens: number, more: Partial<TokenUsage> = {}): TokenUsage => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens,
  ...more,
});

describe('a price list', () => {
  it('has the prices for one token', () => {
    const list = parsePriceList(catalog({ m: { ...price(3, 15), cache_read_per_million_tokens: 0.3 } }));
    expect(list?.get('m')).to.deep.equal({ input: 3 / 1e6, output: 15 / 1e6, cacheRead: 0.3 / 1e6 });
  });

  it('has no prices for a model without any, or with one that is not a number from 0', () => {
    const odd = ['"3"', '-1', '1e999', '{}', 'true'].map(
      (value) =>
        `"${encodeURIComponent(value)}":{"pricing":{"input_per_million_tokens":1,"output_per_million_tokens":${value}}}`,
    );
    const list = parsePriceList(`{"models":{${odd},"none":{},"null":{"pricing":{"input_per_million_tokens":null}}}}`);
    expect(list?.size).to.equal(7);
    expect([...(list ?? new Map()).values()].filter((prices) => prices !== undefined)).to.deep.equal([]);
  });

  it('ignores what it does not know', () => {
    const free = { input_per_million_tokens: 0, cache_read_per_million_tokens: null, later: {} };
    const text = `{"models":{"list":[],"free":{"pricing":${JSON.stringify(free)}},"__proto__":{"pricing":{"input_per_million_tokens":0}}},"later":1}`;
    expect([...(parsePriceList(text) ?? [])]).to.deep.equal([
      ['free', { input: 0 }],
      ['__proto__', { input: 0 }],
    ]);
  });

  for (const text of ['', '<html>', '[]', '{}', '{"models":[]}', 'null']) {
    it(`is not ${JSON.stringify(text)}`, () => expect(parsePriceList(text)).to.equal(undefined));
  }
});

describe('the cost of a model call', () => {
  it('charges cached tokens at prices of their own, and the rest of the input at that of input', () => {
    const prices = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 4, cacheWriteAbove1hr: 6 };
    const counts = { cacheReadInputTokens: 100, cacheCreationInputTokens: 40, cacheCreationInputTokensAbove1hr: 10 };
    const cost = costOf(usage(152, 5, counts), prices);
    expect(cost?.inputCost).to.be.closeTo(12 * 3 + 100 * 0.3 + 30 * 4 + 10 * 6, 1e-9);
    expect(cost?.outputCost).to.equal(75);
    expect(cost?.totalCost).to.equal((cost?.inputCost ?? 0) + 75);
  });

  it('charges cached tokens like the rest of the input if the list has no price for them', () => {
    const counts = { cacheReadInputTokens: 100, cacheCreationInputTokens: 40, cacheCreationInputTokensAbove1hr: 10 };
    expect(costOf(usage(152, 0, counts), { input: 2 })?.totalCost).to.equal(304);
  });

  it('does not exist without tokens, or beyond the range of numbers', () => {
    expect(costOf(usage(0, 0), { input: 1 })).to.equal(undefined);
    expect(costOf(usage(100, 1), { input: 1e307, output: 1 })).to.equal(undefined);
  });
});

describe('the prices of a model', () => {
  const lists: Record<string, string> = {
    bedrock: catalog({ 'anthropic.claude-x': price(3, 15), 'us.anthropic.claude-x': price(3.3, 16), 'v.unpriced': {} }),
    bedrock_mantle: catalog({ 'a.unpriced': {}, 'anthropic.claude-x': price(5, 25), 'v.unpriced': price(1, 1) }),
    openai: catalog({ 'gpt-x': price(2, 8) }),
    gemini: catalog({ 'gemini-x': price(1, 4) }),
    databricks: catalog({ 'databricks-x': price(7, 7) }),
  };
  async function find(model: string, provider?: string): Promise<[input: number | undefined, asked: string[]]> {
    const asked: string[] = [];
    const prices = await findPrices({ model, provider }, async (name) => {
      asked.push(name);
      return parsePriceList(lists[name] ?? '{}');
    });
    return [prices?.input === undefined ? undefined : Math.round(prices.input * 1e7) / 10, asked];
  }

  const ids: [string, number | undefined][] = [
    ['anthropic.claude-x', 3],
    ['us.anthropic.claude-x', 3.3],
    ['arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x', 3],
    ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-x', 3.3],
    ['arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl', undefined],
    ['anthropic.claude-x:200k', undefined],
    ['gateway:/anthropic.claude-x', undefined],
    ['databricks-x', 7],
    ['v.unpriced', 1],
  ];
  for (const [model, expected] of ids) {
    it(`are ${expected ?? 'unknown'} for ${model}`, async () => expect((await find(model))[0]).to.equal(expected));
  }

  it('come from the list of the provider first', async () => {
    expect(await find('anthropic.claude-x', 'bedrock_mantle')).to.deep.equal([5, ['bedrock_mantle']]);
    expect(await find('a.unpriced', 'bedrock_mantle')).to.deep.equal([undefined, ['bedrock_mantle']]);
    expect(await find('gpt-x', 'OpenAI')).to.deep.equal([2, ['openai']]);
    expect(await find('gemini-x', 'gcp.gemini')).to.deep.equal([1, ['gemini']]);
  });

  it('need one list for a model on Bedrock, whatever provider the span names', async () => {
    for (const provider of ['anthropic', 'Anthropic', 'us', 'aws.bedrock', undefined]) {
      expect(await find('us.anthropic.claude-x', provider), provider).to.deep.equal([3.3, ['bedrock']]);
    }
  });

  it('are not looked for at an address that a recorded value decides', async () => {
    for (const provider of ['our-secret-project', '../../etc/passwd', 'http://elsewhere']) {
      expect(await find('m', provider), provider).to.deep.equal([undefined, ['bedrock', 'bedrock_mantle']]);
    }
  });
});

describe('the price lists of a catalog', () => {
  const GOOD: PublicFile = { kind: 'text', text: catalog({ m: price(1, 2) }) };
  const BROKEN: PublicFile = { kind: 'failed', reason: say`503` };
  const limit = (): Limit => ({ deadline: runningTime() + 1000 });
  function start(answers: PublicFile[], uri = 'https://user:s3cr3t@mirror.test/prices/') {
    let now = 1_000_000;
    const [asked, reports]: [string[], string[]] = [[], []];
    const lists = new PriceLists({
      uri,
      ttlMillis: 3_600_000,
      now: () => now,
      report: (message) => void reports.push(message),
      read: async (address) => {
        asked.push(address.href);
        return answers.shift() ?? BROKEN;
      },
    });
    const pass = (millis: number): void => {
      now += millis;
    };
    return { lists, asked, reports, pass };
  }

  it('are read once, also for exports at the same time, and again after their time', async () => {
    const { lists, asked, pass } = start([GOOD, GOOD]);
    await Promise.all([lists.get('bedrock', limit()), lists.get('bedrock', limit())]);
    pass(3_599_999);
    expect((await lists.get('bedrock', limit()))?.get('m')?.input).to.equal(1 / 1e6);
    expect(asked).to.deep.equal(['https://user:s3cr3t@mirror.test/prices/bedrock.json']);
    pass(1);
    await lists.get('bedrock', limit());
    expect(asked).to.have.length(2);
  });

  it('stay in use when they cannot be read again, and are tried again after five minutes', async () => {
    const { lists, asked, reports, pass } = start([GOOD, BROKEN, BROKEN, GOOD]);
    await lists.get('bedrock', limit());
    for (const wait of [3_600_000, 299_999, 1, 300_000]) {
      pass(wait);
      expect((await lists.get('bedrock', limit()))?.size, `after ${wait}`).to.equal(1);
    }
    expect(asked).to.have.length(4);
    expect(reports).to.deep.equal([
      "MLflow's price list https://mirror.test/prices/bedrock.json cannot be read (503), so traces have no cost: allow this address, or set modelCatalogUri or MLFLOW_MODEL_CATALOG_URI to a copy, such as file:///opt/prices, or to an empty text for no cost.",
    ]);
  });

  it('are not asked for one after the other while the address is down', async () => {
    const { lists, asked } = start([BROKEN]);
    for (const name of ['bedrock', 'openai', 'gemini']) expect(await lists.get(name, limit())).to.equal(undefined);
    expect(asked).to.have.length(1);
  });

  it('may be missing for a provider, but not for Bedrock', async () => {
    const absent: PublicFile = { kind: 'absent', reason: say`404` };
    const { lists, asked, reports } = start([absent, absent]);
    await lists.get('openai', limit());
    await lists.get('openai', limit());
    expect([asked.length, reports.length]).to.deep.equal([1, 0]);
    await lists.get('bedrock', limit());
    expect(reports[0]).to.include('bedrock.json cannot be read (404)');
  });

  it('explain a web page in their place, and an address that is none', async () => {
    const page = start([{ kind: 'text', text: '<html>Please log in</html>' }]);
    await page.lists.get('bedrock', limit());
    expect(page.reports[0]).to.include('cannot be read (not a price list)');
    for (const uri of ['/opt/prices', 's3://bucket/prices', 'prices', 'user:s3cr3t@mirror']) {
      const { lists, asked, reports } = start([], uri);
      await lists.get('bedrock', limit());
      expect(asked).to.deep.equal([]);
      expect(reports).to.deep.equal([
        "MLflow's price lists cannot be read (not an https://, http:// or file:// address), so traces have no cost: allow this address, or set modelCatalogUri or MLFLOW_MODEL_CATALOG_URI to a copy, such as file:///opt/prices, or to an empty text for no cost.",
      ]);
    }
  });

  it('keep an export no longer than its limit', async () => {
    const lists = new PriceLists({
      uri: 'https://mirror.test',
      ttlMillis: 1,
      read: () => new Promise(() => {}),
      report: () => {},
    });
    const begin = performance.now();
    expect(await lists.get('bedrock', { deadline: runningTime() + 50 })).to.equal(undefined);
    expect(performance.now() - begin).to.be.lessThan(1000);
  });
});

// Makes up calls to the models of these lists, and prints what Python's client computes for them, and the folder with the
// lists that come with it.
const PYTHON_COST = `
import json, os, random, sys
import mlflow.utils.providers as providers
folder = str(providers._catalog_pkg())
os.environ["MLFLOW_MODEL_CATALOG_URI"] = "file://" + folder
from mlflow.tracing.utils import calculate_cost_by_model_and_token_usage as cost
lists = {}
models = []
for name in json.loads(sys.argv[1]):
    lists[name] = json.load(open(os.path.join(folder, name + ".json")))["models"]
    models += [(name, model) for model in lists[name]]
random.seed(int(sys.argv[2]))
ids = list(lists["bedrock"]) + list(lists["bedrock_mantle"])
providers = providers._list_provider_names()
calls = []
def usage():
    read, written = random.choice([0, random.randrange(5000)]), random.choice([0, random.randrange(5000)])
    usage = {"input_tokens": read + written + random.randrange(20000), "output_tokens": random.randrange(9000)}
    usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]
    if random.random() < 0.7: usage["cache_read_input_tokens"] = read
    if random.random() < 0.7: usage["cache_creation_input_tokens"] = written
    if random.random() < 0.5: usage["cache_creation_input_tokens_above_1hr"] = random.randrange(6000)
    return usage
arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"
for model in lists["bedrock"]:
    vendor = model.split(".")[1 if model[:3] in ("us.", "eu.", "jp.") else 0]
    for provider in (None, vendor, model.split(".")[0], "bedrock"):
        calls.append((model, provider))
    calls += [(arn + model, vendor), (model, "aws.bedrock"), (model, "bedrock_mantle")]
for name, model in models:
    calls.append((model, name))
calls += [(random.choice(ids), random.choice(providers)) for _ in range(300)]
calls = [{"model": m, "provider": p, "usage": usage()} for m, p in random.sample(calls, 1500)]
calls += [{"model": "databricks-claude-sonnet-4", "provider": None, "usage": usage()}, {"model": ids[0], "provider": None, "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}}]
for call in calls:
    call["cost"] = cost(call["model"], call["usage"], call["provider"])
print(json.dumps({"folder": folder, "calls": calls}))
`;

describe("Python's client and the exporter", () => {
  it('compute the same cost', async function () {
    this.timeout(120_000);
    const names = ['bedrock', 'bedrock_mantle', 'anthropic', 'openai', 'cohere', 'databricks'];
    const seed = Math.floor(Math.random() * 1e9);
    const answer = (await runPython(PYTHON_COST, JSON.stringify(names), String(seed))) as {
      folder: string;
      calls: { model: string; provider: string | null; usage: object; cost: Record<string, number> | null }[];
    };
    const lists = new Map<string, PriceList | undefined>();
    const list = async (name: string): Promise<PriceList | undefined> => {
      if (!lists.has(name)) lists.set(name, parsePriceList(readFileSync(join(answer.folder, `${name}.json`), 'utf8')));
      return lists.get(name);
    };
    const differences: unknown[] = [];
    for (const { model, provider, usage, cost } of answer.calls) {
      const called: CalledModel = { model, provider: provider ?? undefined };
      const prices = await findPrices(called, list);
      const counts = readTokenUsage(usage);
      const own: Cost | undefined = prices && counts && costOf(counts, prices);
      // For a model without prices, Python's client records a cost of 0.
      const isUnpriced = own === undefined && cost?.['total_cost'] === 0;
      const same =
        isUnpriced ||
        (own?.inputCost === cost?.['input_cost'] &&
          own?.outputCost === cost?.['output_cost'] &&
          own?.totalCost === cost?.['total_cost']);
      if (!same) differences.push({ model, provider, usage, cost, own });
    }
    expect(answer.calls.length).to.be.greaterThan(1000);
    expect(answer.calls.filter(({ cost }) => cost !== null && (cost['total_cost'] ?? 0) > 0).length).to.be.greaterThan(
      500,
    );
    expect(differences.slice(0, 3), `${differences.length} with seed ${seed}`).to.deep.equal([]);
  });
});
