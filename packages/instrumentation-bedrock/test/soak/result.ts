/** The result of a soak, as a table and as one sentence for each failed check. */

export interface SoakOptions {
  readonly calls: number;
  /** The number of simultaneous calls. */
  readonly concurrency: number;
  readonly seed: number;
}

/** The findings of the process that makes the calls. */
export interface ChildResult {
  readonly seconds: number;
  readonly callsWhileEnabled: number;
  readonly spansStarted: number;
  readonly spansEnded: number;
  readonly spansEndedTwice: number;
  readonly openStreams: number;
  /** The used heap after garbage collection, in MiB, after 25, 50, 75 and 100% of the calls. */
  readonly heap: readonly number[];
  /** The number of kinds of calls. Each was made once without the instrumentation first. */
  readonly kinds: number;
  readonly differences: number;
  /** Some of the calls whose outcome differs from the same call without the instrumentation. */
  readonly examples: readonly string[];
  readonly unhandledRejections: readonly string[];
  /** The warnings and errors that the instrumentation logged. */
  readonly diagnostics: readonly string[];
  /** The warnings of Node.js, for example about too many listeners. */
  readonly warnings: readonly string[];
}

export interface SoakResult extends ChildResult {
  readonly options: SoakOptions;
  /** The handles that kept the process from ending after clients and server were closed; empty if it ended. */
  readonly leftovers: readonly string[];
}

/**
 * The allowed growth of the heap from the first quarter to the end, in MiB: compiled code and caches grow. A span or
 * stream that is never released needs several KiB, so one in a hundred would be visible in 100,000 calls.
 */
const HEAP_MARGIN = 4;

interface Check {
  readonly name: string;
  readonly figure: string;
  /** The failure as a sentence; undefined if the check passes. */
  readonly failure: string | undefined;
}

export function formatResult(result: SoakResult): string {
  const checks = checksOf(result);
  const { options, seconds, kinds } = result;
  const width = Math.max(...checks.map(({ name }) => name.length)) + 2;
  const figures = Math.max(...checks.map(({ figure }) => figure.length)) + 2;
  return [
    `${count(options.calls)} calls of ${kinds} kinds, ${options.concurrency} at once, seed ${options.seed}, ${seconds.toFixed(0)} s`,
    ...checks.map(
      ({ name, figure, failure }) =>
        `${name.padEnd(width)}${figure.padEnd(figures)}${failure === undefined ? 'holds' : 'DOES NOT HOLD'}`,
    ),
  ].join('\n');
}

/** Returns one sentence for each failed check. */
export function failuresOf(result: SoakResult): string[] {
  return checksOf(result).flatMap(({ failure }) => failure ?? []);
}

function checksOf(result: SoakResult): Check[] {
  const { spansStarted, spansEnded, spansEndedTwice, callsWhileEnabled, heap, differences } = result;
  const growth = (heap.at(-1) ?? 0) - (heap[0] ?? 0);
  const unended = spansStarted - (spansEnded - spansEndedTwice);
  return [
    check('spans started / ended', `${count(spansStarted)} / ${count(spansEnded)}`, [
      [unended !== 0, `${count(unended)} spans were started and never ended.`],
      [spansEndedTwice > 0, `${count(spansEndedTwice)} spans were ended more than once.`],
    ]),
    check('calls while enabled', count(callsWhileEnabled), [
      [
        spansStarted !== callsWhileEnabled,
        `${count(callsWhileEnabled)} calls were made while the instrumentation was enabled, but ${count(spansStarted)} spans were started.`,
      ],
    ]),
    check('open streams', count(result.openStreams), [
      [result.openStreams > 0, `${count(result.openStreams)} streams are still taken for open.`],
    ]),
    check(
      'used heap at 25, 50, 75, 100%',
      `${heap.map((size) => size.toFixed(1)).join(', ')} MiB (${growth < 0 ? '' : '+'}${growth.toFixed(1)})`,
      [
        [
          growth > HEAP_MARGIN,
          `The used heap grew by ${growth.toFixed(1)} MiB from a quarter of the calls to all of them; ${HEAP_MARGIN} MiB are allowed.`,
        ],
      ],
    ),
    check('outcomes unlike those without it', count(differences), [
      [
        differences > 0,
        `${count(differences)} calls gave the application something else than without the instrumentation:\n  ${result.examples.join('\n  ')}`,
      ],
    ]),
    listed('unhandled rejections', result.unhandledRejections, 'Promises were rejected and nobody handled it'),
    listed('diag warnings and errors', result.diagnostics, 'The instrumentation logged'),
    listed('warnings of Node.js', result.warnings, 'Node.js warned'),
    listed(
      'handles left',
      result.leftovers,
      'With clients destroyed and the server closed, the process did not end by itself',
    ),
  ];
}

function check(name: string, figure: string, conditions: readonly (readonly [boolean, string])[]): Check {
  const failures = conditions.filter(([isBroken]) => isBroken).map(([, sentence]) => sentence);
  return { name, figure, failure: failures.length === 0 ? undefined : failures.join(' ') };
}

function listed(name: string, items: readonly string[], sentence: string): Check {
  return check(name, count(items.length), [[items.length > 0, `${sentence}: ${items.slice(0, 5).join('; ')}.`]]);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
