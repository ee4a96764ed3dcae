import { expect } from 'chai';
import { groupTests } from '../support/test-groups.js';

const FILES = [
  'bench/test/guard.long.test.ts',
  'bench/test/table.test.ts',
  'examples/test/agent.test.ts',
  'examples/test/phoenix.long.test.ts',
  'packages/exporter-mlflow/test/batches.test.ts',
  'packages/exporter-mlflow/test/postgres.long.test.ts',
  'packages/exporter-mlflow/test/retries.test.ts',
  'examples/cdk-fargate/test/stacks.test.ts',
];

describe('groupTests', () => {
  it('puts the short tests of each folder into one group', () => {
    const groups = groupTests(FILES, 'short');
    expect(groups.map(({ name, files }) => [name, files.length])).to.deep.equal([
      ['bench', 1],
      ['examples', 1],
      ['exporter-mlflow', 2],
      ['examples-cdk-fargate', 1],
    ]);
  });

  it('puts each long test file into a group of its own, and measurements of time last and alone', () => {
    expect(groupTests(FILES, 'long')).to.deep.equal([
      { name: 'examples-phoenix.long', files: ['examples/test/phoenix.long.test.ts'], isAlone: false },
      {
        name: 'exporter-mlflow-postgres.long',
        files: ['packages/exporter-mlflow/test/postgres.long.test.ts'],
        isAlone: false,
      },
      { name: 'bench-guard.long', files: ['bench/test/guard.long.test.ts'], isAlone: true },
    ]);
  });

  it('contains every file once if all tests are selected', () => {
    const grouped = groupTests(FILES, 'all').flatMap(({ files }) => files);
    expect(grouped).to.have.members(FILES).and.have.length(FILES.length);
  });
});
