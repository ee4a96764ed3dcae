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

/** What the application or the span lacks: in the first case that lacks something, if any. */
export function faultsOf(variant: Variant, overheads: Overheads): string[] {
  const untraced = overheads.checks('none');
  const ours = overheads.checks('ours');
  return overheads
    .checks(variant)
    .map((check, index) => {
      const { events } = untraced[index] as Check;
      return faultsIn(variant, check, { ...(ours[index] as Check), events });
    })
    .reduce((first, next) => (first.length > 0 ? first : next));
}

/** What is wrong with it, in words, or that it is right. */
export function answerOf(variant: Variant, overheads: Overheads): string {
  return faultsOf(variant, overheads).join(', ') || 'right';
}

/**
 * @param expected has the events of an uninstrumented run, and the tokens as this project reads them, which its own tests
 *   compare with the service's
 */
function faultsIn(variant: Variant, check: Check, expected: Check): string[] {
  const faults: string[] = [];
  if (check.events !== expected.events) {
    faults.push(`application received ${check.events} of ${expected.events} events`);
  }
  const setup = setupOf(variant);
  if (setup === undefined || setup.unsampled) return faults;
  if (check.spans !== 1) faults.push(`${check.spans} spans`);
  const isRead = check.inputTokens === expected.inputTokens && check.outputTokens === expected.outputTokens;
  // A yardstick writes the tokens of the first case, whatever the case.
  if (!isRead && !setup.floor) {
    faults.push(`tokens ${check.inputTokens ?? '-'}/${check.outputTokens ?? '-'}`);
  }
  if (!check.hasContent && !WITHOUT_CONTENT.includes(variant)) faults.push('no content');
  return faults;
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
    .filter((variant) => faultsOf(variant, overheads).length === 0)
    .sort((a, b) => cost(a) - cost(b))[0];
}
