import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { isRecord, parseJson } from '../common/json.js';

export const TOKEN_USAGE = 'mlflow.chat.tokenUsage';
export const INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
export const CACHE_READ_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
export const CACHE_WRITE_TOKENS = 'gen_ai.usage.cache_write.input_tokens';
/** The name before, which many still write. */
export const CACHE_CREATION_TOKENS = 'gen_ai.usage.cache_creation.input_tokens';

const USAGE_MEMBERS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
];
// What nearly every model call has, told without parsing it; fifteen digits always fit.
const PLAIN_USAGE =
  /^\{"input_tokens":\d{1,15},"output_tokens":\d{1,15},"total_tokens":\d{1,15}(?:,"cache_(?:read|creation)_input_tokens":\d{1,15})*\}$/;
const COST_MEMBERS = ['input_cost', 'output_cost', 'total_cost'];

/** A token count; what is none is left out: beyond 64 bits the server could not read the trace any more. */
export function mendCount(value: AttributeValue): AttributeValue | undefined {
  return toCount(value) === undefined ? undefined : value;
}

/**
 * `mlflow.chat.tokenUsage`: the server refuses a request for members that are null or text, and takes a missing total
 * for 0.
 */
export function mendUsage(value: AttributeValue): AttributeValue | undefined {
  if (typeof value === 'string' && PLAIN_USAGE.test(value)) return value;
  return mendFigures(value, USAGE_MEMBERS, toCount, (usage) => {
    const { input_tokens: input, output_tokens: output, total_tokens: total } = usage;
    if (input === undefined && output === undefined) return total !== undefined;
    usage['total_tokens'] = total ?? (input ?? 0) + (output ?? 0);
    return true;
  });
}

/** `mlflow.llm.cost`: the same; without it the server computes the cost itself. */
export function mendCost(value: AttributeValue): AttributeValue | undefined {
  return mendFigures(value, COST_MEMBERS, toAmount, (cost) => {
    const { input_cost: input, output_cost: output, total_cost: total } = cost;
    if (input === undefined && output === undefined) return total !== undefined;
    cost['total_cost'] = total ?? (input ?? 0) + (output ?? 0);
    return true;
  });
}

/**
 * Usage in MLflow's words for spans that tell only one side in those of GenAI, as embeddings do: the server would sum
 * them up to 0. `undefined` when the span needs none.
 */
export function usageOfOneSide(attributes: Attributes): string | undefined {
  const input = attributes[INPUT_TOKENS];
  const output = attributes[OUTPUT_TOKENS];
  if ((input === undefined) === (output === undefined) || attributes[TOKEN_USAGE] !== undefined) return undefined;
  const tokens = toCount(input ?? output);
  if (tokens === undefined) return undefined;
  const read = toCount(attributes[CACHE_READ_TOKENS]);
  const written = toCount(attributes[CACHE_CREATION_TOKENS] ?? attributes[CACHE_WRITE_TOKENS]);
  return JSON.stringify({
    input_tokens: input === undefined ? 0 : tokens,
    output_tokens: output === undefined ? 0 : tokens,
    total_tokens: tokens,
    ...(read === undefined ? {} : { cache_read_input_tokens: read }),
    ...(written === undefined ? {} : { cache_creation_input_tokens: written }),
  });
}

function mendFigures(
  value: unknown,
  members: readonly string[],
  read: (value: unknown) => number | undefined,
  complete: (figures: Record<string, number | undefined>) => boolean,
): AttributeValue | undefined {
  const given = typeof value === 'string' ? parseJson(value) : value;
  if (!isRecord(given)) return undefined;
  const figures = Object.fromEntries(members.map((member) => [member, read(given[member])]));
  if (!complete(figures)) return undefined;
  if (members.every((member) => figures[member] === given[member])) return value as AttributeValue;
  // What is undefined, JSON leaves out.
  return JSON.stringify({ ...given, ...figures });
}

function toCount(value: unknown): number | undefined {
  const count = toNumber(value);
  return count !== undefined && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

function toAmount(value: unknown): number | undefined {
  const amount = toNumber(value);
  return amount !== undefined && Number.isFinite(amount) && amount >= 0 ? amount : undefined;
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : undefined;
}
