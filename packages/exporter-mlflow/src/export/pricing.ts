import { runningTime } from '../common/running-time.js';
import type { ReadableSpan } from '../common/sdk-types.js';
import type { Slices } from '../common/slices.js';
import type { Limit } from '../common/waiting.js';
import type { HttpClient } from '../http/client.js';
import { costOf } from '../mlflow/prices/cost.js';
import { findPrices } from '../mlflow/prices/find-prices.js';
import type { ModelPrices } from '../mlflow/prices/price-list.js';
import { PriceLists } from '../mlflow/prices/price-lists.js';
import type { Prepared } from './prepare.js';
import type { Reporter } from './report/reporter.js';
import { type ModelCall, modelCall, withCost } from './span/model-call.js';

// Less than the 5 s that a process has to flush at its end.
const LONGEST_WAIT_MILLIS = 3_000;
// The rest of the time is for the spans, which matter more than their cost.
const SHARE_OF_PRICES = 1 / 3;

// The longest list of 2026 has 0.3 MB.
const MAX_LIST_BYTES = 4 * 1024 * 1024;

/** Creates what adds the cost to spans; undefined if there is no catalog of prices to use. */
export function createPricing(
  catalog: { uri: string; ttlMillis: number } | undefined,
  http: HttpClient,
  slices: Slices,
  reporter: Reporter,
): Pricing | undefined {
  if (catalog === undefined) return undefined;
  const lists = new PriceLists({
    ...catalog,
    read: (address, deadline) => http.readPublicFile(address, deadline, MAX_LIST_BYTES),
    report: (message) => reporter.note(message),
  });
  return new Pricing(lists, slices);
}

/** Adds the cost of model calls to spans, for servers that do not compute it. Python's client does the same for them. */
export class Pricing {
  readonly #lists: PriceLists;
  readonly #slices: Slices;

  constructor(lists: PriceLists, slices: Slices) {
    this.#lists = lists;
    this.#slices = slices;
  }

  /**
   * The spans, with copies in place of those that get a cost. Spans with a recorded cost keep that. Waits for price lists a third of the time to `deadline` at
   * most, and no longer than 3 s. Spans without a known price stay as they are.
   */
  async apply(
    { spans, withCost: priced }: Pick<Prepared, 'spans' | 'withCost'>,
    { deadline }: Limit,
  ): Promise<ReadableSpan[]> {
    const millis = Math.min(LONGEST_WAIT_MILLIS, (deadline - runningTime()) * SHARE_OF_PRICES);
    const limit: Limit = { deadline: runningTime() + millis };
    const known = new Map<string, ModelPrices | undefined>();
    const result: ReadableSpan[] = [];
    for (const span of spans) {
      await this.#slices.pause();
      const call = priced.has(span) ? undefined : modelCall(span);
      const prices = call && (await this.#find(call, known, limit));
      const cost = prices && costOf(call.usage, prices);
      result.push(cost === undefined ? span : withCost(span, cost));
    }
    return result;
  }

  async #find(
    { model, provider }: ModelCall,
    known: Map<string, ModelPrices | undefined>,
    limit: Limit,
  ): Promise<ModelPrices | undefined> {
    const key = JSON.stringify([model, provider]);
    if (!known.has(key)) known.set(key, await findPrices({ model, provider }, (name) => this.#lists.get(name, limit)));
    return known.get(key);
  }
}
