/** The results as a table: for the terminal, and for docs/compatibility.md. */

import { type Region, replaceRegion } from 'testing/markdown.js';
import type { Column } from '../support/table.js';
import { CELLS, type Cell, PLATFORMS, type Platform } from './cells.js';

export type Outcome =
  | { readonly kind: 'works' }
  | { readonly kind: 'fails'; readonly wrong: readonly string[] }
  | { readonly kind: 'skipped'; readonly why: string };

export type Outcomes = ReadonlyMap<Cell, Outcome>;

const REGION: Region = { page: 'docs/compatibility.md', name: 'combinations', command: 'npm run matrix' };

/** The heads of the table. */
export function columns(): Column[] {
  return ['AWS SDK', ...PLATFORMS.map(titleOf)].map((title) => ({ title, align: 'left' }));
}

/** The rows of the table, one per SDK. */
export function rows(outcomes: Outcomes): string[][] {
  return [...new Set(CELLS.map(({ sdk }) => sdk))].map((sdk) => [
    sdk,
    ...PLATFORMS.map(({ node, line }) => {
      const cell = CELLS.find(
        (candidate) => candidate.sdk === sdk && candidate.node === node && candidate.line === line,
      );
      return (cell && outcomes.get(cell)?.kind) ?? 'not run';
    }),
  ]);
}

/**
 * Replaces the table of the page.
 *
 * @throws Error if the page lacks the two lines around the table
 */
export function updatePage(page: string, outcomes: Outcomes): string {
  const table = [columns().map(({ title }) => title), columns().map(() => '---'), ...rows(outcomes)];
  const lines = table.map((cells) => `| ${cells.join(' | ')} |`);
  return replaceRegion(page, REGION, lines.join('\n'));
}

/** The name of a cell in messages. */
export function describe(cell: Cell): string {
  return `SDK ${cell.sdk}, ${titleOf(cell)}`;
}

function titleOf({ node, line }: Platform): string {
  return `Node.js ${node}, OpenTelemetry ${line.name}`;
}
