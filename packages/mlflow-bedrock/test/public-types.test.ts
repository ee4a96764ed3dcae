import { readFileSync } from 'node:fs';
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

describe('the entries of the packages', () => {
  // CommonJS projects of TypeScript 5 have `moduleResolution: node10` by default, which does not read `exports`.
  it('have types for TypeScript without `exports`', () => {
    for (const name of ['mlflow-bedrock', 'instrumentation-bedrock', 'exporter-mlflow']) {
      const text = readFileSync(new URL(`../../${name}/package.json`, import.meta.url), 'utf8');
      const { exports, typesVersions } = JSON.parse(text);
      const entries = Object.entries<{ types?: string; require?: { types: string } }>(exports).filter(
        ([entry]) => entry !== '.' && entry !== './package.json',
      );
      const expected = entries.map(([entry, { types, require }]) => [entry.slice(2), [types ?? require?.types]]);
      expect(Object.entries(typesVersions?.['*'] ?? {}), name).to.deep.equal(expected);
    }
  });
});
