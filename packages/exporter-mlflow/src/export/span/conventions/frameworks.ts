import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { parseJson } from '../../../common/json.js';
import { SPAN_INPUTS, SPAN_OUTPUTS } from '../../../mlflow/names.js';
import { CACHE_READ_TOKENS, CACHE_WRITE_TOKENS, INPUT_TOKENS } from './usage.js';

/**
 * The attributes of a span with additions for MLflow. They repeat attributes of frameworks that no translator of MLflow
 * 3.17 reads, in words that it does read. Undefined if the span needs none.
 */
export function translateFramework(attributes: Attributes): Attributes | undefined {
  if (isOfAiSdk(attributes)) return addMissing(attributes, translateAiSdk(attributes));
  if (attributes[AGENT_INPUT] !== undefined) return addMissing(attributes, { [SPAN_INPUTS]: attributes[AGENT_INPUT] });
  if (attributes[ANTHROPIC_TOOL_RESULT] !== undefined) return translateAnthropicTool(attributes);
  return undefined;
}

/** What a graph or a swarm of agents of Strands was asked. */
const AGENT_INPUT = 'gen_ai.agent.input';

const AI_SDK_EMBEDDINGS = /^ai\.embed(?:Many)?\.doEmbed$/;
/** Where version 6 and version 7 record what the application says about a call. */
const AI_SDK_SESSION = ['ai.telemetry.metadata.sessionId', 'ai.settings.context.sessionId'];
const AI_SDK_USER = ['ai.telemetry.metadata.userId', 'ai.settings.context.userId'];

/** Version 6 has its own attributes. Version 7 follows the GenAI conventions, and adds its own attributes if asked to. */
function isOfAiSdk(attributes: Attributes): boolean {
  for (const key in attributes) if (key.startsWith('ai.')) return true;
  return false;
}

/** Spans of the AI SDK, https://ai-sdk.dev/docs/ai-sdk-core/telemetry. */
function translateAiSdk(attributes: Attributes): Attributes {
  const first = (keys: readonly string[]): AttributeValue | undefined =>
    keys.map((key) => attributes[key]).find((value) => value !== undefined);
  return {
    'session.id': first(AI_SDK_SESSION),
    'user.id': first(AI_SDK_USER),
    ...translateAiSdkRanking(attributes),
    // Only on calls to a model, because the spans above them repeat the sums and would count instead.
    ...(AI_SDK_EMBEDDINGS.test(String(attributes['ai.operationId']))
      ? translateAiSdkEmbedding(attributes)
      : translateAiSdkUsage(attributes)),
  };
}

function translateAiSdkEmbedding(attributes: Attributes): Attributes {
  return {
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.request.model': attributes['ai.model.id'],
    [INPUT_TOKENS]: attributes['ai.usage.tokens'],
  };
}

/**
 * Without these counts, the server charges all input at the price of uncached tokens. The AI SDK reports uncached tokens
 * only if its input tokens include the cached ones, as those of MLflow do.
 */
function translateAiSdkUsage(attributes: Attributes): Attributes {
  if (attributes[INPUT_TOKENS] === undefined) return {};
  if (attributes['ai.usage.inputTokenDetails.noCacheTokens'] === undefined) return {};
  return {
    [CACHE_READ_TOKENS]: attributes['ai.usage.inputTokenDetails.cacheReadTokens'],
    [CACHE_WRITE_TOKENS]: attributes['ai.usage.inputTokenDetails.cacheWriteTokens'],
  };
}

/** Documents and ranking of a reranking model, which are lists of JSON texts. */
function translateAiSdkRanking(attributes: Attributes): Attributes {
  const documents = parseList(attributes['ai.documents']);
  const ranking = parseList(attributes['ai.ranking']);
  return {
    [SPAN_INPUTS]: documents && JSON.stringify({ documents }),
    [SPAN_OUTPUTS]: ranking && JSON.stringify({ ranking }),
  };
}

function parseList(value: AttributeValue | undefined): unknown[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((item) => (typeof item === 'string' ? (parseJson(item) ?? item) : item));
}

const ANTHROPIC_TOOL_RESULT = 'anthropic.tool_result.content';

/** Spans of tools that the tool runner of Anthropic's SDK ran. */
function translateAnthropicTool(attributes: Attributes): Attributes | undefined {
  if (attributes[SPAN_OUTPUTS] !== undefined) return undefined;
  return addMissing(attributes, { 'gen_ai.tool.call.result': attributes[ANTHROPIC_TOOL_RESULT] });
}

function addMissing(attributes: Attributes, translated: Attributes): Attributes | undefined {
  const missing = Object.entries(translated).filter(
    ([key, value]) => value !== undefined && attributes[key] === undefined,
  );
  return missing.length === 0 ? undefined : { ...attributes, ...Object.fromEntries(missing) };
}
