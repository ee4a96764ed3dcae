import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { MlflowSpanExporterConfig, ReadableSpan } from '../src/index.js';

describe('the documentation of the exporter', () => {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
  /** The members of an interface with their environment variables, by its docstrings. */
  function optionsOf(path: string, name: string, prefix = ''): [option: string, variable: string][] {
    const [, body = ''] = new RegExp(`interface ${name}[^{]*{\n(.*?)\n}`, 's').exec(read(path)) ?? [];
    const members = body.matchAll(/\/\*\*(?<comment>.*?)\*\/\s+(?<option>\w+)\?:/gs);
    return [...members].map(({ groups: { comment = '', option = '' } = {} }) => {
      const [, variable = ''] = /Environment:[\s*]*`(\w+)`/.exec(comment) ?? [];
      return [`${prefix}${option}`, variable];
    });
  }

  it('lists every option with its environment variable', () => {
    const rows = read('../README.md').matchAll(/^\| (`[a-z][^|]*) \| ([^|]*)\|/gm);
    const listed = [...rows].flatMap(([, options = '', variables = '']) => {
      const names = options.split(', ').map((name) => name.replaceAll('`', ''));
      const known = variables.split(', ').map((name) => name.trim().replaceAll('`', ''));
      return names.map((name, index): [string, string] => [name, known[index] ?? '']);
    });
    const connection = optionsOf('../src/http/settings/config.ts', 'MlflowConnectionConfig');
    const options = [
      ...connection.filter(([name]) => name !== 'retry'),
      ...optionsOf('../src/http/settings/config.ts', 'MlflowRetryConfig', 'retry.'),
      ...optionsOf('../src/config.ts', 'MlflowSpanExporterConfig'),
    ];
    expect(options).to.have.length.above(20);
    expect(listed).to.deep.include.members(options);
  });

  it('shows a filter and a mask that work', () => {
    const [, code = ''] = /```ts\n.*?\n\n(.*?)```/s.exec(read('../../../docs/filter-and-mask.md')) ?? [];
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
