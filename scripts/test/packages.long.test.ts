/** Checks the workspace and the packed packages with the tools that their users and reviewers have. */

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { buildPackages } from 'testing/build.js';
import { runNode } from 'testing/run.js';
import { apiReports } from '../release/api-reports.js';
import { type Packed, packPackages } from '../release/pack.js';
import { type Manifest, PUBLISHED, ROOT } from '../release/packages.js';

const PACKED = join(ROOT, '.mlflow', 'packed');
const KNIP = join(ROOT, 'node_modules', 'knip', 'bin', 'knip.js');
const NAME = /^export (?:declare |abstract )*(?:class|const|function|interface|type) (\w+)|^export \{ (\w+) \}/gm;
const NOT_EXPORTED = /^(?:declare |abstract )*(?:class|interface|type|const) (\w+)/gm;

const bytesOf = (file: string): ArrayBuffer => new Uint8Array(readFileSync(file)).buffer;

describe('the workspace', function () {
  this.timeout(120_000);

  it('has no file, export or dependency that nothing uses', async () => {
    const { output } = await runNode([KNIP, '--no-progress'], { cwd: ROOT });
    expect(output).to.equal('');
  });
});

describe('the packed packages', function () {
  this.timeout(120_000);
  let packed: Packed[];
  before(async () => {
    await buildPackages();
    rmSync(PACKED, { recursive: true, force: true });
    packed = await packPackages(PACKED);
  });

  it('have package.json files without faults for publint', async () => {
    for (const { name, file } of packed) {
      const { messages, pkg } = await publint({ pack: { tarball: bytesOf(file) }, strict: true });
      expect(
        messages.map((message) => formatMessage(message, pkg as object)),
        name,
      ).to.deep.equal([]);
    }
  });

  it('have types that fit their code, for every way in which TypeScript finds them', async () => {
    for (const { name, file } of packed) {
      const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(file))));
      expect(analysis, name).to.include.keys('problems');
      if (!analysis.types) continue;
      // Bundlers take the member `default` of a loader, also in CommonJS.
      const isLoader = (problem: object): boolean =>
        'fileName' in problem && /next-loader\.js$/.test(`${problem.fileName}`);
      expect(
        analysis.problems.filter((problem) => !isLoader(problem)),
        name,
      ).to.deep.equal([]);
    }
  });

  it('contain the sources to which their maps lead', async () => {
    for (const entry of PUBLISHED) {
      const dist = join(ROOT, 'packages', entry, 'dist');
      const { files } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8')) as Manifest;
      expect(files).to.include('src');
      for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
        if (!/\.js$|\.d\.ts$/.test(file)) continue;
        const { sources } = JSON.parse(readFileSync(join(dist, `${file}.map`), 'utf8')) as { sources: string[] };
        for (const source of sources)
          expect(readFileSync(join(dist, file, '..', source), 'utf8'), file).to.not.equal('');
      }
    }
  });
});

describe('the public API', function () {
  this.timeout(120_000);
  const reports = new Map<string, Map<string, string>>();
  before(async () => {
    await buildPackages();
    for (const entry of PUBLISHED) reports.set(entry, apiReports(entry));
  });

  const index = (entry: string): string => reports.get(entry)?.get('index.api.md') ?? '';
  const exported = (report: string): string[] =>
    [...report.matchAll(NAME)].map(([, own, passedOn]) => String(own ?? passedOn));

  it('is the one that reviewers saw', () => {
    for (const [entry, files] of reports) {
      const folder = join(ROOT, 'packages', entry, 'api');
      expect(readdirSync(folder), folder).to.have.members([...files.keys()]);
      for (const [file, text] of files) {
        const why = `The public API has changed. Run "npm run api", and review packages/${entry}/api/${file}`;
        expect(readFileSync(join(folder, file), 'utf8'), why).to.equal(text);
      }
    }
  });

  it('exports every type that its exported types and functions mention', () => {
    for (const entry of PUBLISHED) {
      const missing = [...index(entry).matchAll(NOT_EXPORTED)].map(([, name = '']) => name);
      expect(missing, entry).to.deep.equal([]);
    }
  });

  it('of mlflow-bedrock has everything that the two packages export, so that an application needs one dependency', () => {
    const names = exported(index('mlflow-bedrock'));
    for (const entry of PUBLISHED) expect(names).to.include.members(exported(index(entry)));
  });
});
