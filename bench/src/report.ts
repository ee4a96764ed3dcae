/** The result as a table for people. */

import type { BenchResult, Row } from './bench.js';
import type { Estimate } from './statistics.js';

/** Tokens of the recorded answers, as the simulator counted them: what `ours` read, and a peer must read too. */
export function formatReport({ machine, options, rows, truth }: BenchResult): string {
  const lines = [
    machine,
    `${options.rounds} rounds of ${options.calls} calls; microseconds of CPU time added, median [95% interval].`,
  ];
  for (const operation of new Set(rows.map((row) => row.operation))) {
    const group = rows.filter((row) => row.operation === operation);
    const ours = group.find(({ variant }) => variant === 'ours');
    lines.push('', [operation.padEnd(32), 'per call'.padStart(24), 'per chunk'.padStart(24), '  answers'].join(''));
    for (const row of group) {
      const remarks = remarksOf(row, ours, truth[operation].events);
      lines.push(
        row.variant.padEnd(32) +
          format(row.perCall).padStart(24) +
          (row.perChunk ? format(row.perChunk) : '').padStart(24) +
          `  ${remarks.length === 0 ? 'right' : remarks.join(', ')}`,
      );
    }
    const cheapest = cheapestCorrectPeer(group, ours, truth[operation].events);
    if (ours && cheapest) {
      const perChunk =
        ours.perChunk && cheapest.perChunk ? `, per chunk ${ratio(ours.perChunk, cheapest.perChunk)}` : '';
      lines.push(`ours / ${cheapest.variant}: per call ${ratio(ours.perCall, cheapest.perCall)}${perChunk}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** What a variant's span or the application lacks beside the truth; this project's own tokens are tested elsewhere. */
function remarksOf({ variant, check }: Row, ours: Row | undefined, events: number): string[] {
  const remarks: string[] = [];
  if (check.events !== events) remarks.push(`application received ${check.events} of ${events} events`);
  if (variant === 'ours, unsampled') return remarks;
  if (check.spans !== 1) remarks.push(`${check.spans} spans`);
  if (check.inputTokens !== ours?.check.inputTokens || check.outputTokens !== ours?.check.outputTokens) {
    remarks.push(`tokens ${check.inputTokens ?? '-'}/${check.outputTokens ?? '-'}`);
  }
  if (!check.hasContent) remarks.push('no content');
  return remarks;
}

/** The peer that costs least of those that record content and tokens rightly. */
function cheapestCorrectPeer(group: readonly Row[], ours: Row | undefined, events: number): Row | undefined {
  return group
    .filter((row) => !row.variant.startsWith('ours') && remarksOf(row, ours, events).length === 0)
    .sort((a, b) => a.perCall.median - b.perCall.median)[0];
}

function format({ median, low, high }: Estimate): string {
  return `${median.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`;
}

function ratio(ours: Estimate, theirs: Estimate): string {
  return theirs.median > 0 ? (ours.median / theirs.median).toFixed(2) : 'within the noise';
}
