import type { Attributes } from '@opentelemetry/api';
import { unquote } from '../../common/json.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { firstString } from '../../common/text.js';
import { type Cost, type TokenUsage, writeCost } from '../../mlflow/figures.js';
import { COST, LLM_MODEL, LLM_PROVIDER } from '../../mlflow/names.js';
import type { CalledModel } from '../../mlflow/prices/find-prices.js';
import { recordedUsage } from './conventions/usage.js';
import { copySpan } from './span.js';

/** A call to a model with counted tokens. */
export interface ModelCall extends CalledModel {
  usage: TokenUsage;
}

// In the order in which the server looks for them: MLflow's own attribute, OpenInference, the GenAI conventions, Traceloop.
const MODEL_KEYS = [
  LLM_MODEL,
  'llm.response.model_name',
  'llm.model_name',
  'llm.request.model_name',
  'embedding.model_name',
  'gen_ai.response.model',
  'gen_ai.request.model',
];
const PROVIDER_KEYS = [LLM_PROVIDER, 'llm.provider', 'gen_ai.provider.name', 'gen_ai.system'];

/** The model call of a span that lacks its cost. Undefined if the span has a cost, no model or no tokens. */
export function callWithoutCost({ attributes }: ReadableSpan): ModelCall | undefined {
  if (attributes[COST] !== undefined) return undefined;
  const model = firstText(attributes, MODEL_KEYS);
  const usage = model === undefined ? undefined : recordedUsage(attributes);
  if (model === undefined || usage === undefined) return undefined;
  return { model, provider: firstText(attributes, PROVIDER_KEYS), usage };
}

/** A copy of the span with a cost. */
export function withCost(span: ReadableSpan, cost: Cost): ReadableSpan {
  return copySpan(span, { attributes: { ...span.attributes, [COST]: writeCost(cost) } });
}

function firstText(attributes: Attributes, keys: readonly string[]): string | undefined {
  const text = firstString(attributes, ...keys);
  return text === undefined ? undefined : unquote(text);
}
