/** Figures that MLflow stores with spans and traces: read as they may be, written as its clients expect. */

import { expect } from 'chai';
import { sizeMetadata } from '../../src/export/files/sizes.js';
import { readCost, readTokenUsage } from '../../src/mlflow/figures.js';

describe('the figures of a span in MLflow', () => {
  it('are token counts if there is a count of input or output, and missing counts are zero', () => {
    expect(readTokenUsage({ output_tokens: 3 })).to.deep.equal({ inputTokens: 0, outputTokens: 3, totalTokens: 0 });
    expect(readTokenUsage({ input_tokens: 2, total_tokens: 2, cache_read_input_tokens: 1 })).to.deep.equal({
      inputTokens: 2,
      outputTokens: 0,
      totalTokens: 2,
      cacheReadInputTokens: 1,
    });
    for (const none of [{ total_tokens: 5 }, { input_tokens: '5' }, [], null]) {
      expect(readTokenUsage(none)).to.equal(undefined);
    }
  });

  it('are a cost if there is a total', () => {
    expect(readCost({ total_cost: 0.5 })).to.deep.equal({ inputCost: 0, outputCost: 0, totalCost: 0.5 });
    for (const none of [{ input_cost: 0.5 }, { total_cost: Number.NaN }, 'much'])
      expect(readCost(none)).to.equal(undefined);
  });

  it('are sizes of zero for a trace without spans', () => {
    const [stats] = Object.values(sizeMetadata({} as Parameters<typeof sizeMetadata>[0], []));
    expect(JSON.parse(stats ?? '')).to.deep.equal({
      total_size_bytes: 2,
      num_spans: 0,
      max: 0,
      p25: 0,
      p50: 0,
      p75: 0,
    });
  });
});
