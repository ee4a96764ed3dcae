import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { isRecord, parseJson } from '../../../common/json.js';
import { CACHE_COUNTS, readTokenUsage, type TokenUsage } from '../../../mlflow/figures.js';
import { TOKEN_USAGE } from '../../../mlflow/names.js';

/** Token counts by the GenAI conventions. */
export const INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
export const CACHE_READ_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
export const CACHE_WRITE_TOKENS = 'gen_ai.usage.cache_write.input_tokens';
/** The earlier name of {@link CACHE_WRITE_TOKENS}, which many instrumentations still write. */
export const CACHE_CREATION_TOKENS = 'gen_ai.usage.cache_creation.input_tokens';

/** Names of counts by convention, in the order in which the server looks for them. */
const CONVENTIONS: readonly { input: string; output: string; cacheRead: string[]; cacheWrite: string[] }[] = [
  {
    input: 'llm.token_count.prompt',
    output: 'llm.token_count.completion',
    cacheRead: ['llm.token_count.prompt_details.cache_read'],
    cacheWrite: ['llm.token_count.prompt_details.cache_write'],
  },
  {
    input: INPUT_TOKENS,
    output: OUTPUT_TOKENS,
    cacheRead: [CACHE_READ_TOKENS],
    cacheWrite: [CACHE_WRITE_TOKENS, CACHE_CREATION_TOKENS],
  },
  { input: 'gen_ai.usage.prompt_tokens', output: 'gen_ai.usage.completion_tokens', cacheRead: [], cacheWrite: [] },
];

const USAGE_MEMBERS = ['input_tokens', 'output_tokens', 'total_tokens', ...Object.values(CACHE_COUNTS)];
const COST_MEMBERS = ['input_cost', 'output_cost', 'total_cost'];

/** The value if it is a token count, else undefined: the server could not read a trace with counts beyond 64 bits. */
export function mendCount(value: AttributeValue): AttributeValue | undefined {
  return toCount(value) === undefined ? undefined : value;
}

/**
 * The value of `mlflow.chat.tokenUsage` as the server needs it. The server refuses a request if members are null or
 * text, and counts a missing total as 0. Undefined if the value holds no counts.
 */
export function mendUsage(value: AttributeValue): AttributeValue | undefined {
  return mendFigures(value, USAGE_MEMBERS, toCount, 'input_tokens', 'output_tokens', 'total_tokens');
}

/** The same for `mlflow.llm.cost`. Without that attribute the server computes the cost itself. */
export function mendCost(value: AttributeValue): AttributeValue | undefined {
  return mendFigures(value, COST_MEMBERS, toAmount, 'input_cost', 'output_cost', 'total_cost');
}

/**
 * Returns MLflow's usage attribute for a span with only input tokens or only output tokens, such as an embedding.
 * Without it the server would count 0. Undefined if the span needs none.
 */
export function usageOfOneSide(attributes: Attributes): string | undefined {
  const input = attributes[INPUT_TOKENS];
  const output = attributes[OUTPUT_TOKENS];
  if ((input === undefined) === (output === undefined) || attributes[TOKEN_USAGE] !== undefined) return undefined;
  const tokens = toCount(input ?? output);
  if (tokens === undefined) return undefined;
  // JSON leaves out members that are undefined.
  return JSON.stringify({
    input_tokens: input === undefined ? 0 : tokens,
    output_tokens: output === undefined ? 0 : tokens,
    total_tokens: tokens,
    cache_read_input_tokens: toCount(attributes[CACHE_READ_TOKENS]),
    cache_creation_input_tokens: toCount(attributes[CACHE_CREATION_TOKENS] ?? attributes[CACHE_WRITE_TOKENS]),
  });
}

/** The token counts of a span in MLflow's attribute, else by the first convention with one; undefined if it has none. */
export function recordedUsage(attributes: Attributes): TokenUsage | undefined {
  const own = attributes[TOKEN_USAGE];
  const usage = typeof own === 'string' ? readTokenUsage(parseJson(own)) : undefined;
  if (usage !== undefined) return usage;
  const names = CONVENTIONS.find(
    ({ input, output }) => attributes[input] !== undefined || attributes[output] !== undefined,
  );
  if (names === undefined) return undefined;
  const count = (...keys: string[]): number | undefined =>
    toCount(keys.map((key) => attributes[key]).find((value) => value !== undefined));
  const [input, output] = [count(names.input), count(names.output)];
  return readTokenUsage({
    input_tokens: input,
    output_tokens: output,
    total_tokens: (input ?? 0) + (output ?? 0),
    cache_read_input_tokens: count(...names.cacheRead),
    cache_creation_input_tokens: count(...names.cacheWrite),
  });
}

function mendFigures(
  value: AttributeValue,
  members: readonly string[],
  read: (value: unknown) => number | undefined,
  inputKey: string,
  outputKey: string,
  totalKey: string,
): AttributeValue | undefined {
  const given: unknown = typeof value === 'string' ? parseFigures(value) : value;
  if (!isRecord(given)) return undefined;
  const figures = Object.fromEntries(members.map((member) => [member, read(given[member])]));
  const { [inputKey]: input, [outputKey]: output, [totalKey]: total } = figures;
  if (input === undefined && output === undefined && total === undefined) return undefined;
  figures[totalKey] = total ?? (input ?? 0) + (output ?? 0);
  if (members.every((member) => figures[member] === given[member])) return value;
  return JSON.stringify({ ...given, ...figures });
}

/** Python writes figures that are no numbers as words, which JSON lacks. */
function parseFigures(text: string): unknown {
  return parseJson(text) ?? parseJson(text.replace(/-?\b(?:NaN|Infinity)\b/g, 'null'));
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
