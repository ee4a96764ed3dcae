/** What a release changes and needs: the address of the repository, links of pages, versions. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { whatIsMissing } from '../release/check.js';
import { PUBLISHED, ROOT, readManifest } from '../release/packages.js';
import { prepare } from '../release/prepare.js';
import { absoluteLinks, parseRepository } from '../release/repository.js';
import { currentVersion, filesWithVersion } from '../release/version.js';

const ADDRESS = 'https://github.com/owner/name';

describe('the release', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'release-'));
    mkdirSync(join(root, '.changeset'));
    for (const folder of ['.', ...PUBLISHED.map((entry) => `packages/${entry}`)]) {
      mkdirSync(join(root, folder), { recursive: true });
      cpSync(join(ROOT, folder, 'package.json'), join(root, folder, 'package.json'));
      if (folder !== '.') writeFileSync(join(root, folder, 'CHANGELOG.md'), `# Changes\n\n## ${currentVersion()}\n`);
    }
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const manifestFile = (entry: string): string => join(root, 'packages', entry, 'package.json');

  for (const form of [
    ADDRESS,
    `${ADDRESS}.git`,
    'git@github.com:owner/name.git',
    'https://me:secret@github.com/owner/name',
  ]) {
    it(`writes the address of the repository into each package.json, given as ${form}`, () => {
      prepare(parseRepository(form), root);
      const url = 'git+https://github.com/owner/name.git';
      expect(readManifest('.', root)).to.deep.include({ repository: { type: 'git', url } });
      for (const entry of PUBLISHED) {
        expect(readManifest(`packages/${entry}`, root)).to.deep.include({
          repository: { type: 'git', url, directory: `packages/${entry}` },
          homepage: `${ADDRESS}/tree/HEAD/packages/${entry}#readme`,
          bugs: { url: `${ADDRESS}/issues` },
        });
      }
    });
  }

  it('changes nothing when the address is written a second time', () => {
    prepare(parseRepository(ADDRESS), root);
    const once = PUBLISHED.map((entry) => readFileSync(manifestFile(entry), 'utf8'));
    prepare(parseRepository(ADDRESS), root);
    expect(PUBLISHED.map((entry) => readFileSync(manifestFile(entry), 'utf8'))).to.deep.equal(once);
  });

  for (const form of ['owner/name', '../name', '/srv/git/name.git', 'https://me:secret@example.com/owner/name']) {
    it(`refuses the address ${form}, and repeats no credentials`, () => {
      expect(() => parseRepository(form)).to.throw(
        `"${form.replace('me:secret@', '')}" is not the address of a repository at GitHub or GitLab. npm proves the origin of packages from these hosts only. Pass it with --repository https://github.com/<owner>/<name>.`,
      );
    });
  }

  it('makes relative links of pages absolute, and leaves headings, addresses and code as they are', () => {
    const page = [
      '[docs](../../docs/a.md#b), [file](src/index.ts), [own](#start), [other](https://example.com/a.md)',
      '![picture](../../docs/images/a.png) <img src="../../docs/images/b.svg">',
      '`[code](../../docs/a.md)`',
      '```ts',
      'call[0](../a);',
      '```',
    ];
    expect(
      absoluteLinks(page.join('\n'), parseRepository(ADDRESS), 'packages/mlflow-bedrock').split('\n'),
    ).to.deep.equal([
      `[docs](${ADDRESS}/tree/HEAD/docs/a.md#b), [file](${ADDRESS}/tree/HEAD/packages/mlflow-bedrock/src/index.ts), [own](#start), [other](https://example.com/a.md)`,
      '![picture](https://raw.githubusercontent.com/owner/name/HEAD/docs/images/a.png) <img src="https://raw.githubusercontent.com/owner/name/HEAD/docs/images/b.svg">',
      ...page.slice(2),
    ]);
  });

  it('lacks nothing when the address is known, and every change has its version', () => {
    prepare(parseRepository(ADDRESS), root);
    expect(whatIsMissing(root, [])).to.deep.equal([]);
  });

  it('names what it lacks, and the command for it', () => {
    writeFileSync(join(root, '.changeset', 'brave-cats.md'), '');
    writeFileSync(join(root, 'packages/exporter-mlflow/CHANGELOG.md'), '# Changes\n');
    writeFileSync(
      manifestFile('mlflow-bedrock'),
      readFileSync(manifestFile('mlflow-bedrock'), 'utf8').replace(/"repository"/, '"none"'),
    );
    expect(whatIsMissing(root, ['README.md', 'docs/a.md'])).to.deep.equal([
      'The packages do not name their repository. Run "npm run release:prepare".',
      'There are changes without a version in .changeset. Run "npm run release:version".',
      `packages/exporter-mlflow/CHANGELOG.md has no section for version ${currentVersion()}.`,
      'These files are not committed: README.md, docs/a.md.',
    ]);
  });

  it('has one version for all packages, which code and examples name', () => {
    for (const entry of PUBLISHED) expect(readManifest(`packages/${entry}`).version, entry).to.equal(currentVersion());
    for (const [file, text] of filesWithVersion()) expect(readFileSync(file, 'utf8'), file).to.equal(text);
  });
});
