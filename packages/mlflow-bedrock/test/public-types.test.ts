import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { exportedNames, unexportedTypes } from 'testing/public-types.js';

const entryOf = (name: string): string => fileURLToPath(new URL(`../../${name}/dist/esm/index.d.ts`, import.meta.url));
const ENTRY = entryOf('mlflow-bedrock');

describe('the entry of the package', () => {
  it('exports every type that its exported types and functions mention', () => {
    const packages = ['opentelemetry-exporter-mlflow', 'opentelemetry-instrumentation-bedrock'];
    expect(unexportedTypes(ENTRY, packages)).to.deep.equal([]);
  });

  it('exports everything that the two packages export, so that an application needs one dependency', () => {
    for (const name of ['exporter-mlflow', 'instrumentation-bedrock']) {
      expect(exportedNames(ENTRY)).to.include.members(exportedNames(entryOf(name)));
    }
  });
});
