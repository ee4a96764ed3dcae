/** Which test files run: those that need nothing but npm and Python packages, those that need more, or both. */
export type Selection = 'plain' | 'system' | 'all';

/** Test files of one mocha process. */
export interface TestGroup {
  /** Names its files of settings and figures, too. */
  name: string;
  files: readonly string[];
}

interface Rule {
  name: string;
  takes: (file: string) => boolean;
}

const SYSTEM_SUFFIX = '.system.test.ts';
const isSystem = (file: string): boolean => file.endsWith(SYSTEM_SUFFIX);

// About equally long. Under mocha, each instrumentation that is made wraps `require` once more (OpenTelemetry's
// RequireInTheMiddleSingleton), and the tests of instrumentations make hundreds in their process: what requires a
// thousand files, as the AWS CDK does, would take an hour there and run out of stack.
const ROUNDS: readonly (readonly Rule[])[] = [
  [
    {
      name: 'exporter-and-examples',
      takes: (file) =>
        !isSystem(file) && (file.startsWith('examples/') || file.startsWith('packages/exporter-mlflow/')),
    },
    { name: 'other-packages', takes: (file) => !isSystem(file) },
  ],
  [
    // Waits for minutes while servers are down.
    { name: 'system-outages', takes: (file) => file.startsWith('examples/test/collector-outages') },
    { name: 'system-collector', takes: (file) => file.startsWith('examples/test/collector') },
    { name: 'system-backends', takes: (file) => !file.startsWith('bench/') },
  ],
  // By itself, because it compares times.
  [{ name: 'system-bench', takes: () => true }],
];

/**
 * Puts each selected test file into one group.
 *
 * @param files paths from the root of the repository
 * @returns groups without files left out: rounds, one after another, of groups that run side by side
 */
export function groupTests(files: readonly string[], selection: Selection): TestGroup[][] {
  let left = files.filter((file) => selection === 'all' || isSystem(file) === (selection === 'system'));
  const groupOf = ({ name, takes }: Rule): TestGroup => {
    const group = { name, files: left.filter(takes) };
    left = left.filter((file) => !takes(file));
    return group;
  };
  const rounds = ROUNDS.map((rules) => rules.map(groupOf).filter((group) => group.files.length > 0));
  return rounds.filter((round) => round.length > 0);
}
