/** What the yardsticks come to, beside a figure of this project. */

import type { Overheads } from './overhead.js';
import type { Estimate } from './statistics.js';
import type { Variant } from './variants.js';

/** By the columns of the targets. */
const YARDSTICKS = {
  ours: { least: 'least', 'least of ours': 'least of ours' },
  'ours, content off': { least: 'least, content off', 'least of ours': 'least of ours, content off' },
  'ours, unsampled': { least: 'least, unsampled' },
} as const satisfies Partial<Record<Variant, Readonly<Record<string, Variant>>>>;

/** The same figure of the yardsticks of a variant, where they were measured. */
export function floorsOf(
  overheads: Overheads,
  variant: keyof typeof YARDSTICKS,
  figure: (yardstick: Variant) => Estimate,
): Record<string, Estimate> {
  const floors: Record<string, Estimate> = {};
  for (const [name, yardstick] of Object.entries(YARDSTICKS[variant])) {
    if (overheads.has(yardstick)) floors[name] = figure(yardstick);
  }
  return floors;
}
