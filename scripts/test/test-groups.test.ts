import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { groupTests, WITH_NEWEST_MLFLOW } from '../support/test-groups.js';

const ROOT = resolve(import.meta.dirname, '../..');

const FILES = [
  'bench/test/sample.long.test.ts',
  'bench/test/table.test.ts',
  'examples/test/agent.test.ts',
  'packages/instrumentation-bedrock/test/harmless/destroy.long.test.ts',
  'packages/exporter-mlflow/test/spans/batches.test.ts',
  'packages/exporter-mlflow/test/delivery/postgres.long.test.ts',
  'packages/exporter-mlflow/test/http/retries.test.ts',
  'examples/cdk-fargate/test/stacks.test.ts',
];

describe('groupTests', () => {
  it('puts the short tests of each package into one group, whatever folders they are in', () => {
    const groups = groupTests(FILES, 'short');
    expect(groups.map(({ name, files }) => [name, files.length])).to.deep.equal([
      ['bench', 1],
      ['examples', 1],
      ['exporter-mlflow-1', 1],
      ['exporter-mlflow-2', 1],
      ['examples-cdk-fargate', 1],
    ]);
  });

  it('runs the short tests of a folder that takes long in two processes', () => {
    const files = ['a', 'b', 'c'].map((name) => `packages/instrumentation-bedrock/test/${name}.test.ts`);
    expect(groupTests(files, 'short')).to.deep.equal([
      { name: 'instrumentation-bedrock-1', files: [files[0], files[2]], isWaiting: false },
      { name: 'instrumentation-bedrock-2', files: [files[1]], isWaiting: false },
    ]);
  });

  it('puts a long test file of other folders into a group of its own', () => {
    const files = ['bench/test/sample.long.test.ts', 'scripts/test/demo.long.test.ts'];
    expect(groupTests(files, 'long')).to.deep.equal([
      { name: 'bench-sample.long', files: files.slice(0, 1), isWaiting: false },
      { name: 'scripts-demo.long', files: files.slice(1), isWaiting: false },
    ]);
  });

  it('runs the programs of the docs and the first steps of a user in one process', () => {
    const files = ['docs-code', 'first-trace'].map((name) => `scripts/test/${name}.long.test.ts`);
    expect(groupTests(files, 'long')).to.deep.equal([{ name: 'scripts-first-trace.long', files, isWaiting: false }]);
  });

  it('runs the long tests of most folders together, but those that wait apart', () => {
    const files = ['errors', 'evaluate', 'mlflow-ui'].map((name) => `examples/test/${name}.long.test.ts`);
    expect(groupTests(files, 'long').map(({ name, files: { length } }) => [name, length])).to.deep.equal([
      ['examples.long-1', 2],
      ['examples.long-2', 1],
    ]);
  });

  it('marks the group that waits for outages', () => {
    const groups = groupTests(['scripts/test/compose-topology.long.test.ts'], 'long');
    expect(groups.map(({ name, isWaiting }) => [name, isWaiting])).to.deep.equal([
      ['scripts-compose-topology.long', true],
    ]);
  });

  it('runs each test of the night in a process of its own, and only there', () => {
    const files = ['collector-outages', 'collector'].map((name) => `examples/test/${name}.nightly.test.ts`);
    expect(groupTests([...FILES, ...files], 'nightly').map(({ name }) => name)).to.deep.equal([
      'examples-collector-outages.nightly',
      'examples-collector.nightly',
    ]);
    for (const selection of ['short', 'long', 'all'] as const) expect(groupTests(files, selection)).to.deep.equal([]);
  });

  it('runs chosen files once more with the newest MLflow, among the long tests', () => {
    const files = [
      'packages/exporter-mlflow/test/traces/trace.test.ts',
      'packages/exporter-mlflow/test/http/retries.test.ts',
    ];
    const env = { MLFLOW_TEST_VERSION: '3.18.0', MLFLOW_TEST_URI: '' };
    const again = { name: 'mlflow-3.18.0', files: files.slice(0, 1), isWaiting: false, env };
    expect(groupTests(files, 'long')).to.deep.equal([again]);
    expect(groupTests(files, 'all')).to.deep.include(again);
    expect(groupTests(files, 'short').map(({ name }) => name)).to.deep.equal([
      'exporter-mlflow-1',
      'exporter-mlflow-2',
    ]);
    expect(WITH_NEWEST_MLFLOW.filter((file) => !existsSync(join(ROOT, file)))).to.deep.equal([]);
  });

  it('contains every file once if all tests are selected', () => {
    const grouped = groupTests(FILES, 'all').flatMap(({ files }) => files);
    expect(grouped).to.have.members(FILES).and.have.length(FILES.length);
  });
});
