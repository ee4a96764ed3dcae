/** The figures of an invocation of a harness, from its events `metadata`. */

import { asMembers, asNumber, firstKey, type JsonObject, setMember } from '../../data/json.js';

type Figures = Readonly<Record<'usage' | 'metrics', JsonObject>>;

/**
 * The API defines `metadata` as the figures of the invocation, but the loop behind it can send them for each of its model
 * calls. So events with a message of the agent between them are summed. An event without such a message is that of the same
 * model call again, or the sum of all.
 */
export class HarnessFigures {
  /** Of all model calls but the latest. */
  #earlier: Figures | undefined;
  #latest: Figures | undefined;
  #isNextCall = false;

  /** The agent has begun a message. */
  beginMessage(): void {
    this.#isNextCall = true;
  }

  add(metadata: JsonObject): void {
    const figures = { usage: asMembers(metadata['usage']), metrics: asMembers(metadata['metrics']) };
    const total = this.#total();
    if (this.#isNextCall) this.#earlier = total;
    else if (total && isSum(figures.usage, total.usage)) this.#earlier = undefined;
    this.#latest = figures;
    this.#isNextCall = false;
  }

  writeTo(body: JsonObject): void {
    const { usage, metrics } = this.#total() ?? {};
    if (usage && firstKey(usage) !== undefined) body['usage'] = usage;
    if (metrics && firstKey(metrics) !== undefined) body['metrics'] = metrics;
  }

  #total(): Figures | undefined {
    const [earlier, latest] = [this.#earlier, this.#latest];
    if (!earlier || !latest) return latest;
    return { usage: add(earlier.usage, latest.usage), metrics: add(earlier.metrics, latest.metrics) };
  }
}

function isSum(usage: JsonObject, sum: JsonObject): boolean {
  return ['inputTokens', 'outputTokens'].every((name) => (asNumber(usage[name]) ?? 0) >= (asNumber(sum[name]) ?? 0));
}

/** Sums the numbers, and takes every other member from the later one. */
function add(earlier: JsonObject, later: JsonObject): JsonObject {
  const sum = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    const [before, after] = [asNumber(earlier[name]), asNumber(value)];
    setMember(sum, name, before !== undefined && after !== undefined ? before + after : (value ?? null));
  }
  return sum;
}
