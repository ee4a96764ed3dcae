import { isRecord, parseJson } from '../../common/json.js';

/** Prices of a model in US dollars for one token. A price that the list does not have is absent. */
export interface ModelPrices {
  input?: number;
  output?: number;
  cacheRead?: number;
  cacheWrite?: number;
  /** Price of tokens that the cache keeps for one hour. */
  cacheWriteAbove1hr?: number;
}

/** The prices of one provider's models by their ids; undefined for a model that the list has without usable prices. */
export type PriceList = ReadonlyMap<string, ModelPrices | undefined>;

const TOKENS_OF_PRICE = 1_000_000;
const PRICE_MEMBERS = {
  input: 'input_per_million_tokens',
  output: 'output_per_million_tokens',
  cacheRead: 'cache_read_per_million_tokens',
  cacheWrite: 'cache_write_per_million_tokens',
  cacheWriteAbove1hr: 'cache_write_1hr_per_million_tokens',
} as const;
const PRICE_KEYS = Object.keys(PRICE_MEMBERS) as (keyof typeof PRICE_MEMBERS)[];

/**
 * Reads a file of MLflow's model catalog: `{models: {<id>: {pricing: {…}}}}`. Ignores unknown members. Undefined if the text
 * is no such file.
 */
export function parsePriceList(text: string): PriceList | undefined {
  const file = parseJson(text);
  const models: unknown = isRecord(file) ? file['models'] : undefined;
  if (!isRecord(models)) return undefined;
  const list = new Map<string, ModelPrices | undefined>();
  for (const [id, entry] of Object.entries(models)) {
    if (isRecord(entry)) list.set(id, readPrices(entry['pricing']));
  }
  return list;
}

/** Undefined if there are none, or if one is not a number from 0: a wrong cost would be worse than none. */
function readPrices(pricing: unknown): ModelPrices | undefined {
  if (!isRecord(pricing)) return undefined;
  const prices: ModelPrices = {};
  for (const key of PRICE_KEYS) {
    const price = pricing[PRICE_MEMBERS[key]] ?? undefined;
    if (price === undefined) continue;
    if (!(typeof price === 'number' && Number.isFinite(price) && price >= 0)) return undefined;
    prices[key] = price / TOKENS_OF_PRICE;
  }
  return prices.input === undefined && prices.output === undefined ? undefined : prices;
}
