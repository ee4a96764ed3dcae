/** The part of Stryker's report that is used. See https://github.com/stryker-mutator/mutation-testing-elements. */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly status: 'Killed' | 'Survived' | 'NoCoverage' | 'Timeout' | 'CompileError' | 'RuntimeError' | 'Ignored';
  readonly mutatorName: string;
  /** The changed code. */
  readonly replacement?: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

/** Counted from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** How many changes of a file the tests noticed. */
export interface Score {
  readonly file: string;
  readonly noticed: number;
  readonly changes: number;
}

/** A change that ends in an endless loop counts as noticed. */
const NOTICED = new Set<Mutant['status']>(['Killed', 'Timeout']);
const MISSED = new Set<Mutant['status']>(['Survived', 'NoCoverage']);

/** The score of each file, the lowest one first. */
export function scoresOf({ files }: MutationReport): Score[] {
  return Object.entries(files)
    .map(([file, { mutants }]) => {
      const noticed = mutants.filter(({ status }) => NOTICED.has(status)).length;
      return { file, noticed, changes: noticed + mutants.filter(({ status }) => MISSED.has(status)).length };
    })
    .filter(({ changes }) => changes > 0)
    .toSorted((one, other) => share(one) - share(other));
}

/** One line for each file, then one for all. */
export function formatScores(scores: readonly Score[]): string {
  const sum = (of: 'noticed' | 'changes'): number => scores.reduce((total, score) => total + score[of], 0);
  const all = { file: 'all files', noticed: sum('noticed'), changes: sum('changes') };
  return [...scores, all]
    .map((score) => `${share(score).toFixed(1).padStart(6)}%  ${counts(score)}  ${score.file}`)
    .join('\n');
}

/** One line for each change that no test noticed. */
export function formatSurvivors({ files }: MutationReport): string {
  return Object.entries(files)
    .flatMap(([file, { source, mutants }]) =>
      mutants
        .filter(({ status }) => MISSED.has(status))
        .map(({ status, location: { start, end }, replacement = '' }) => {
          const lines = source.split('\n').slice(start.line - 1, end.line);
          const before =
            lines.length === 1 ? lines[0]?.slice(start.column - 1, end.column - 1) : `${lines[0]?.trim()} …`;
          const untested = status === 'NoCoverage' ? ' (no test runs this)' : '';
          return `${file}:${start.line}:${start.column}${untested}\n    - ${before}\n    + ${replacement.split('\n').join(' ')}`;
        }),
    )
    .join('\n');
}

function share({ noticed, changes }: Score): number {
  return (noticed / Math.max(changes, 1)) * 100;
}

function counts({ noticed, changes }: Score): string {
  return `${noticed} of ${changes}`.padStart(12);
}
