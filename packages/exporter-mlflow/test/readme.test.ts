import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { codeBlocks } from 'testing/markdown.js';
import type { MlflowSpanExporterConfig, ReadableSpan } from '../src/index.js';

describe('the documentation of the exporter', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

  it('shows a filter and a mask that work', () => {
    const [example = ''] = codeBlocks(read('../../../docs/filter-and-mask.md'), 'ts');
    const code = example.replace(/^import .*$/gm, '');
    let config: MlflowSpanExporterConfig = {};
    class Exporter {
      constructor(given: MlflowSpanExporterConfig) {
        config = given;
      }
    }
    new Function('MlflowSpanExporter', code)(Exporter);
    const span = {} as ReadableSpan;
    expect(config.spanFilter).to.equal('gen_ai');
    expect(config.mask?.('input.value', '{"to":"ada@example.org"}', span)).to.equal('{"to":"[email]"}');
    expect(config.mask?.('process.command_args', ['--key'], span)).to.equal(undefined);
    expect(config.mask?.('gen_ai.usage.input_tokens', 3, span)).to.equal(3);
  });
});
