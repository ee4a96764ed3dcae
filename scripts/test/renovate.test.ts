/** Renovate raises what the lock file and a few other files pin. It skips what its configuration does not match. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';

const ROOT = resolve(import.meta.dirname, '../..');

interface Configuration {
  ignorePaths?: string[];
  packageRules: { groupName?: string; matchDepNames?: string[]; allowedVersions?: string; enabled?: boolean }[];
  customManagers: {
    description: string;
    managerFilePatterns: string[];
    matchStrings: string[];
    depNameTemplate?: string;
  }[];
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const { ignorePaths, packageRules, customManagers } = JSON.parse(read('.github/renovate.json')) as Configuration;

/** Renovate takes a text between slashes as a regular expression. */
const isMatch = (pattern: string, text: string): boolean =>
  pattern.startsWith('/') ? new RegExp(pattern.slice(1, pattern.lastIndexOf('/'))).test(text) : pattern === text;

describe('.github/renovate.json', () => {
  it('reads the folders of examples and tests, which `config:recommended` ignores by default', () => {
    expect(ignorePaths).to.deep.equal(['**/node_modules/**']);
  });

  it('raises the frameworks of the examples together', () => {
    const { dependencies } = JSON.parse(read('examples/frameworks/package.json')) as { dependencies: object };
    const others = [/^@aws-sdk\//, /^@opentelemetry\//, /^@modelcontextprotocol\//, /^(?:zod|mlflow-bedrock)$/];
    const frameworks = Object.keys(dependencies).filter((name) => !others.some((other) => other.test(name)));
    const group = packageRules.find(({ groupName }) => groupName === 'frameworks')?.matchDepNames ?? [];
    expect(frameworks).to.include('langchain');
    expect(frameworks.filter((name) => !group.some((pattern) => isMatch(pattern, name)))).to.deep.equal([]);
  });

  it('keeps packages on the version that their alias names', () => {
    const folders = ['packages/instrumentation-bedrock', 'examples/frameworks'];
    const aliases = folders.flatMap((folder) => {
      const { dependencies, devDependencies } = JSON.parse(read(`${folder}/package.json`)) as Record<string, object>;
      return Object.entries({ ...dependencies, ...devDependencies } as Record<string, string>);
    });
    const kept = packageRules.filter(
      ({ allowedVersions, enabled }) => allowedVersions !== undefined || enabled === false,
    );
    const patterns = kept.flatMap(({ matchDepNames = [] }) => matchDepNames);
    const names = aliases.filter(([, version]) => version.startsWith('npm:')).map(([name]) => name);
    expect(names).to.include('ai-6');
    expect(names.filter((name) => !patterns.some((pattern) => isMatch(pattern, name)))).to.deep.equal([]);
  });

  for (const { description, managerFilePatterns, matchStrings, depNameTemplate } of customManagers) {
    it(`finds a name and a version in each file: ${description}`, () => {
      const folders = [
        'packages/testing/requirements',
        'packages/testing/src',
        'packages/testing/src/mlflow',
        'bench/src',
      ];
      const files = folders
        .flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`))
        .filter((file) => managerFilePatterns.some((pattern) => isMatch(pattern, file)));
      expect(files).to.not.have.length(0);
      for (const file of files) {
        const found = matchStrings.flatMap((pattern) => [...read(file).matchAll(new RegExp(pattern, 'g'))]);
        expect(found, file).to.not.have.length(0);
        for (const { groups } of found) {
          expect(groups?.['depName'] ?? depNameTemplate, file).to.be.a('string');
          expect(groups?.['currentValue'], file).to.match(/^\d+\.\d+/);
        }
      }
    });
  }
});
