/** Part 1: CPU time that each instrumentation adds to a call, and to a chunk of a stream (`chunks.ts`). */

import { startSimulator } from 'bedrock-simulator';
import { answerOf, cheapestCorrectPeer } from '../answers.js';
import { type Effort, measureOverhead, type Overheads } from '../overhead.js';
import type { Bench, Part, PartResult } from '../part.js';
import { type Case, caseOf, isStream, OPERATIONS, type Operation, STREAM_CHUNKS } from '../requests.js';
import type { Estimate } from '../statistics.js';
import type { Table, Target } from '../table.js';
import { setupOf, type Variant } from '../variants.js';
import { floorsOf } from '../yardsticks.js';
import { measureChunks } from './chunks.js';

const VARIANTS: readonly Variant[] = [
  'least',
  'least, content off',
  'least, unsampled',
  'least of ours',
  'least of ours, content off',
  'ours',
  'ours, chunk events',
  'ours, content off',
  'ours, unsampled',
  'traceloop',
  'traceloop, content off',
  'openinference',
  'openinference, content off',
  'contrib aws-sdk',
];
const LOOPBACK_VARIANTS: readonly Variant[] = ['ours', 'ours, content off', 'openinference', 'contrib aws-sdk'];

// Short turns: what is compared follows closely on one another, so that it meets the same machine.
const SHORT: Effort = { rounds: 2, blocks: 120, blockMilliseconds: 4, warmUpMilliseconds: 1200 };
const THOROUGH: Effort = { rounds: 4, blocks: 300, blockMilliseconds: 4, warmUpMilliseconds: 4000 };

/** The most that this project may add, of what the cheapest correct peer adds. */
const LIMITS = { ours: 0.5, 'ours, content off': 0.7, unsampled: 0.02 } as const;

export const calls: Part = {
  name: 'calls',
  title: 'Overhead of a call',
  run: async (bench) => {
    const results: PartResult[] = [];
    for (const operation of OPERATIONS) {
      results.push(await measureOperation(operation, bench));
      if (isStream(operation)) results.push(await measureChunks(operation, bench));
    }
    results.push(await measureLoopback(bench));
    return { tables: results.flatMap(({ tables }) => tables), targets: results.flatMap(({ targets }) => targets) };
  },
};

async function measureOperation(operation: Operation, { thorough, folder, log }: Bench): Promise<PartResult> {
  log(operation);
  const variants = VARIANTS.filter(
    (variant) =>
      (thorough || setupOf(variant)?.floor === undefined) &&
      (isStream(operation) || variant !== 'ours, chunk events') &&
      // Its tokens are right there only.
      (operation === 'InvokeModel' || variant !== 'traceloop, content off'),
  );
  const overheads = await measureOverhead([await caseOf(operation, folder)], variants, thorough ? THOROUGH : SHORT);
  const table: Table = {
    title: `${operation}: µs of CPU time added to a call${isStream(operation) ? ` of ${STREAM_CHUNKS} chunks` : ''}`,
    columns: ['', 'per call', 'answer'],
    rows: [
      ['no instrumentation (whole call)', overheads.baseline(), ''],
      ...variants.map((variant) => [variant, overheads.added(variant), answerOf(variant, overheads)]),
    ],
  };
  return { tables: [table], targets: targetsOf(operation, overheads, variants) };
}

/** The same over HTTP to the simulator, whose own time is not counted. */
async function measureLoopback({ thorough, log }: Bench): Promise<PartResult> {
  log('Converse and ConverseStream over loopback');
  const simulator = await startSimulator();
  try {
    const stream = simulator.endpoint({ scenario: 'stream', parameters: { chunks: 50 } });
    const cases: Case[] = [
      { name: 'Converse', operation: 'Converse', request: {}, answer: simulator.url },
      { name: 'ConverseStream, 50 chunks', operation: 'ConverseStream', request: {}, answer: stream },
    ];
    const overheads = await measureOverhead(cases, LOOPBACK_VARIANTS, thorough ? THOROUGH : SHORT);
    const table: Table = {
      title: 'Over loopback to the simulator: µs of CPU time added to a call',
      columns: ['', ...cases.map(({ name }) => name)],
      rows: [
        ['no instrumentation (whole call)', ...cases.map((_, index) => overheads.baseline(index))],
        ...LOOPBACK_VARIANTS.map((variant) => [variant, ...cases.map((_, index) => overheads.added(variant, index))]),
      ],
    };
    return { tables: [table], targets: [] };
  } finally {
    await simulator.close();
  }
}

function targetsOf(operation: Operation, overheads: Overheads, variants: readonly Variant[]): Target[] {
  const targets: Target[] = [];
  const perCall = (variant: Variant): number => overheads.added(variant).median;
  const peer = cheapestCorrectPeer(overheads, variants, { content: true, cost: perCall });
  if (peer) targets.push(callTarget(operation, overheads, 'ours', peer));
  const silent = cheapestCorrectPeer(overheads, variants, { content: false, cost: perCall });
  if (silent) targets.push(callTarget(operation, overheads, 'ours, content off', silent));
  const share = (variant: Variant): Estimate => overheads.share(variant);
  const what = `${operation}, per call: ours, unsampled without meter provider / no instrumentation`;
  targets.push({
    what,
    value: share('ours, unsampled'),
    limit: LIMITS.unsampled,
    kind: 'none',
    floors: floorsOf(overheads, 'ours, unsampled', share),
  });
  return targets;
}

/** A ratio; the difference where the peer's own cost is within the noise. */
function callTarget(
  operation: Operation,
  overheads: Overheads,
  variant: 'ours' | 'ours, content off',
  peer: Variant,
): Target {
  const what = `${operation}, per call: ${variant}`;
  if (overheads.added(peer).low > 0) {
    const figure = (one: Variant): Estimate => overheads.ratio(one, peer);
    const floors = floorsOf(overheads, variant, figure);
    return { what: `${what} / ${peer}`, value: figure(variant), limit: LIMITS[variant], kind: 'most', floors };
  }
  const figure = (one: Variant): Estimate => overheads.excess(one, peer);
  const floors = floorsOf(overheads, variant, figure);
  return { what: `${what} − ${peer}, which is noise, µs`, value: figure(variant), limit: 0, kind: 'none', floors };
}
