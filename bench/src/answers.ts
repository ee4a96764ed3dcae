/** Which variants get the answer right: only those are a yardstick. */

import type { Check, Overheads } from './overhead.js';
import { setupOf, type Variant } from './variants.js';

const WITHOUT_CONTENT: readonly Variant[] = [
  'least, content off',
  'least of ours, content off',
  'ours, content off',
  'traceloop, content off',
  'openinference, content off',
  'contrib aws-sdk',
];

/**
 * What the application or the span lacks. `expected` has the events of an uninstrumented run, and the tokens as this
 * project reads them, which its own tests compare with the service's.
 */
export function faultsOf(variant: Variant, check: Check, expected: Check): string[] {
  const faults: string[] = [];
  if (check.events !== expected.events) {
    faults.push(`application received ${check.events} of ${expected.events} events`);
  }
  const setup = setupOf(variant);
  if (setup === undefined || setup.unsampled) return faults;
  if (check.spans !== 1) faults.push(`${check.spans} spans`);
  if (check.inputTokens !== expected.inputTokens || check.outputTokens !== expected.outputTokens) {
    faults.push(`tokens ${check.inputTokens ?? '-'}/${check.outputTokens ?? '-'}`);
  }
  if (!check.hasContent && !WITHOUT_CONTENT.includes(variant)) faults.push('no content');
  return faults;
}

/** What is expected of every variant in one case. */
export function expectedOf(overheads: Overheads, index = 0): Check {
  return { ...overheads.check('ours', index), events: overheads.check('none', index).events };
}

/**
 * The peer that costs least of those that get everything right: of those that record content, or of those that record
 * none.
 */
export function cheapestCorrectPeer(
  overheads: Overheads,
  variants: readonly Variant[],
  { content, cost }: { content: boolean; cost: (variant: Variant) => number },
): Variant | undefined {
  return variants
    .filter((variant) => setupOf(variant)?.peer !== undefined)
    .filter((variant) => WITHOUT_CONTENT.includes(variant) !== content)
    .filter((variant) => faultsOf(variant, overheads.check(variant), expectedOf(overheads)).length === 0)
    .sort((a, b) => cost(a) - cost(b))[0];
}
