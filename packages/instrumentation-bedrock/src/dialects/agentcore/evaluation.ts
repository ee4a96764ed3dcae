/** Evaluations of sessions by a model, whose tokens the service states for each result. */

import { asNumber, asObject, asObjects, type JsonObject } from '../../data/json.js';
import type { UsageReport } from '../../data/usage.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';

export const evaluation: Dialect = {
  ...blankDialect('evaluation', 'evaluate'),
  readResponse: ({ evaluationResults }) => ({ usage: sumOf(asObjects(evaluationResults)) }),
};

function sumOf(results: readonly JsonObject[]): UsageReport | undefined {
  const usages = results.map(({ tokenUsage }) => asObject(tokenUsage)).filter((usage) => usage !== undefined);
  const sum = (name: string): number | undefined => {
    const counts = usages.map((usage) => asNumber(usage[name])).filter((count) => count !== undefined);
    return counts.length > 0 ? counts.reduce((total, count) => total + count, 0) : undefined;
  };
  return usages.length > 0 ? { inputTokens: sum('inputTokens'), outputTokens: sum('outputTokens') } : undefined;
}
