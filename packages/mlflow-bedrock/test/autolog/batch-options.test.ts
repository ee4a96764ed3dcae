import { expect } from 'chai';
import { batchOptions } from '../../src/autolog/sdk-settings.js';

describe('OTEL_BSP_*', () => {
  const names = ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'OTEL_BSP_MAX_QUEUE_SIZE', 'OTEL_BSP_EXPORT_TIMEOUT'];
  afterEach(() => {
    for (const name of names) delete process.env[name];
  });

  it('are ignored with a warning if the batch processor could not end with them', () => {
    for (const value of ['0', '-1', '1.5', 'Infinity', '1e12']) {
      for (const name of names) process.env[name] = value;
      const warnings: string[] = [];
      expect(
        batchOptions((message) => warnings.push(message)),
        value,
      ).to.deep.equal({});
      expect(warnings).to.have.length(3);
    }
    process.env['OTEL_BSP_MAX_QUEUE_SIZE'] = '7';
    expect(batchOptions(() => {})).to.deep.equal({ maxQueueSize: 7 });
  });
});
