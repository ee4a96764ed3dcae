import { expect } from 'chai';
import { groupTests } from '../support/test-groups.js';

const FILES = [
  'bench/test/guard.system.test.ts',
  'bench/test/table.test.ts',
  'examples/cdk-fargate/test/synthesis.test.ts',
  'examples/test/collector.system.test.ts',
  'examples/test/phoenix.system.test.ts',
  'packages/exporter-mlflow/test/trace.test.ts',
  'packages/instrumentation-bedrock/test/spans.test.ts',
  'packages/new/test/unheard-of.test.ts',
];

describe('groups of tests', () => {
  for (const [selection, count] of [
    ['plain', 5],
    ['system', 3],
    ['all', 8],
  ] as const) {
    it(`have each file once: ${selection}`, () => {
      const grouped = groupTests(FILES, selection).flatMap((round) => round.flatMap(({ files }) => files));
      expect(grouped).to.have.length(count);
      expect(new Set(grouped)).to.have.length(count);
    });
  }

  it('keep the AWS CDK away from instrumentations, and the benchmark away from everything', () => {
    const groups = groupTests(FILES, 'all').flat();
    const together = (file: string): readonly string[] => groups.find(({ files }) => files.includes(file))?.files ?? [];
    expect(together('examples/cdk-fargate/test/synthesis.test.ts')).not.to.include(
      'packages/instrumentation-bedrock/test/spans.test.ts',
    );
    expect(groupTests(FILES, 'all').at(-1)).to.deep.equal([
      { name: 'system-bench', files: ['bench/test/guard.system.test.ts'] },
    ]);
  });

  it('leave out what has no file', () => {
    expect(groupTests(['packages/a/test/a.test.ts'], 'all')).to.deep.equal([
      [{ name: 'other-packages', files: ['packages/a/test/a.test.ts'] }],
    ]);
    expect(groupTests(['packages/a/test/a.test.ts'], 'system')).to.deep.equal([]);
  });
});
