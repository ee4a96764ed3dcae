import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { formatScores, formatSurvivors, type MutationReport, scoresOf } from '../mutation/report.js';
import { SUBJECTS } from '../mutation/subjects.js';

const PACKAGES = resolve(import.meta.dirname, '../../packages');

describe('npm run mutation', () => {
  for (const [name, { package: folder, files, tests }] of Object.entries(SUBJECTS)) {
    it(`finds the files and tests of "${name}"`, () => {
      for (const file of files)
        expect(existsSync(join(PACKAGES, folder, file.replace('/**/*.ts', ''))), file).to.equal(true);
      for (const test of tests)
        expect(existsSync(join(PACKAGES, folder, 'test', `${test}.test.ts`)), test).to.equal(true);
    });
  }

  const mutant = (status: 'Killed' | 'Survived' | 'NoCoverage' | 'Timeout' | 'RuntimeError', column: number) => ({
    status,
    mutatorName: 'EqualityOperator',
    replacement: 'a <= b',
    location: { start: { line: 2, column }, end: { line: 2, column: column + 5 } },
  });
  const report: MutationReport = {
    files: {
      'good.ts': { source: '', mutants: [mutant('Killed', 1), mutant('Timeout', 1), mutant('RuntimeError', 1)] },
      'weak.ts': {
        source: 'function f(a, b) {\n  if (a < b) return 1;',
        mutants: [mutant('Killed', 7), mutant('Survived', 7), mutant('NoCoverage', 7)],
      },
    },
  };

  it('prints the share of changes that tests noticed, the lowest first, without those that cannot run', () => {
    expect(formatScores(scoresOf(report))).to.equal(
      ['  33.3%        1 of 3  weak.ts', ' 100.0%        2 of 2  good.ts', '  60.0%        3 of 5  all files'].join(
        '\n',
      ),
    );
  });

  it('lists the changes that no test noticed, with place, code and change', () => {
    expect(formatSurvivors(report)).to.equal(
      ['weak.ts:2:7\n    - a < b\n    + a <= b', 'weak.ts:2:7 (no test runs this)\n    - a < b\n    + a <= b'].join(
        '\n',
      ),
    );
  });
});
