import { unquote } from '../../common/json.js';
import type { ReadableSpan } from '../../common/sdk-types.js';
import { type Cost, type TokenUsage, writeCost } from '../../mlflow/figures.js';
import { COST } from '../../mlflow/names.js';
import type { CalledModel } from '../../mlflow/prices/find-prices.js';
import { recordedModel, recordedProvider } from './conventions/mlflow-attributes.js';
import { recordedUsage } from './conventions/usage.js';
import { copySpan } from './span.js';

/** A call to a model with counted tokens. */
export interface ModelCall extends CalledModel {
  usage: TokenUsage;
}

/** The model call of a span; undefined if it has no model or no tokens. */
export function modelCall({ attributes }: ReadableSpan): ModelCall | undefined {
  const usage = recordedUsage(attributes);
  const model = usage && recordedModel(attributes);
  if (usage === undefined || model === undefined) return undefined;
  const provider = recordedProvider(attributes);
  return { model: unquote(model), provider: provider && unquote(provider), usage };
}

/** A copy of the span with a cost. */
export function withCost(span: ReadableSpan, cost: Cost): ReadableSpan {
  return copySpan(span, { attributes: { ...span.attributes, [COST]: writeCost(cost) } });
}
