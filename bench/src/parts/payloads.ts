/** Part 4: calls with large payloads. */

import { measureOverhead } from '../overhead.js';
import type { Part } from '../part.js';
import { type Case, recordAnswer, recordEmbeddings } from '../requests.js';
import type { Cell, Table } from '../table.js';
import { type Variant, withoutLesserPeers } from '../variants.js';

const VARIANTS: readonly Variant[] = ['ours', 'ours, content off', 'traceloop', 'openinference', 'contrib aws-sdk'];
const SHORT = { rounds: 2, blocks: 12, blockMilliseconds: 30, warmUpMilliseconds: 1000 } as const;
const THOROUGH = { ...SHORT, blocks: 24 } as const;

export const payloads: Part = {
  name: 'payloads',
  title: 'Large payloads',
  run: async ({ thorough, folder, log }) => {
    const tables: Table[] = [];
    const variants = thorough ? VARIANTS : withoutLesserPeers(VARIANTS);
    for (const one of await casesIn(folder)) {
      log(one.name);
      const overheads = await measureOverhead([one], variants, thorough ? THOROUGH : SHORT);
      const row = (variant: Variant): Cell[] => {
        const recordedCharacters = overheads.checks(variant)[0]?.recordedCharacters;
        return [variant, overheads.added(variant), overheads.share(variant), recordedCharacters];
      };
      tables.push({
        title: `${one.name}: µs of CPU time added to a call`,
        columns: ['', 'per call', 'of the call', 'characters on the span'],
        rows: [['no instrumentation (whole call)', overheads.baseline(), undefined, undefined], ...variants.map(row)],
      });
    }
    return { tables, targets: [] };
  },
};

async function casesIn(folder: string): Promise<Case[]> {
  const answer = await recordAnswer(folder, 'Converse');
  const converse = { operation: 'Converse', answer } as const;
  return [
    { ...converse, name: 'Image of 5 MB in (Converse)', request: { imageBytes: 5_000_000 } },
    { ...converse, name: 'Prompt of 200,000 tokens (Converse)', request: { promptCharacters: 1_000_000 } },
    { ...converse, name: 'Tool result of 1 MB (Converse)', request: { toolResultCharacters: 1_000_000 } },
    {
      name: '96 embeddings of 1,024 floats (InvokeModel)',
      operation: 'InvokeModel',
      request: { texts: 96 },
      answer: recordEmbeddings(folder, 96, 1024),
    },
  ];
}
