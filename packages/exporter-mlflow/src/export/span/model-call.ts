import type { Attributes } from '@opentelemetry/api';
import { unquote } from '../../common/json.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { firstString } from '../../common/text.js';
import { type Cost, type TokenUsage, writeCost } from '../../mlflow/figures.js';
import { COST } from '../../mlflow/names.js';
import type { CalledModel } from '../../mlflow/prices/find-prices.js';
import { MODEL_KEYS, PROVIDER_KEYS } from './conventions/mlflow-attributes.js';
import { recordedUsage } from './conventions/usage.js';
import { copySpan } from './span.js';

/** A call to a model with counted tokens. */
export interface ModelCall extends CalledModel {
  usage: TokenUsage;
}

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
