/** Time that loading takes, from the start of the process to the end of an otherwise empty program. */

import { join } from 'node:path';
import { shuffle } from 'simple-statistics';
import { type Bench, runNode } from './child.js';
import { PEERS_FOLDER, ROOT } from './install.js';
import { INSTRUMENTATIONS, type Subject } from './variants.js';

const END = 'console.log(performance.now()); process.exit();';
const LOAD_SDK = `require('@aws-sdk/client-bedrock-runtime');`;

/** Milliseconds by subject, one of each process: of the program without instrumentation, and what is added to it. */
export type LoadTimes = ReadonlyMap<Subject | 'none', readonly number[]>;

/** Loads the AWS SDK, after an instrumentation was made. */
export function measureLoading(subjects: readonly Subject[], bench: Bench): Promise<LoadTimes> {
  return measure(subjects, bench, (subject) => {
    if (subject === 'none') return ['-e', `${LOAD_SDK} ${END}`];
    const { packageName, className } = INSTRUMENTATIONS[subject];
    return ['-e', `new (require('${packageName}').${className})(); ${LOAD_SDK} ${END}`];
  });
}

/** Preloads `mlflow-bedrock/register`, which only this project has. */
export function measureRegister(bench: Bench): Promise<LoadTimes> {
  const subjects: Subject[] = bench.base === undefined ? ['this project'] : ['this project', 'before'];
  return measure(subjects, bench, (subject) => {
    if (subject === 'none') return ['-e', END];
    const checkout = subject === 'before' ? (bench.base as string) : ROOT;
    return ['--import', join(checkout, 'packages/mlflow-bedrock/dist/esm/register.js'), '-e', END];
  });
}

/** Runs one process at a time, since this is not CPU time. */
async function measure(
  subjects: readonly Subject[],
  { node, processes }: Bench,
  argsOf: (subject: Subject | 'none') => string[],
): Promise<LoadTimes> {
  const all = ['none', ...subjects] as const;
  const times = new Map<Subject | 'none', number[]>(all.map((subject) => [subject, []]));
  const env = { MLFLOW_TRACKING_URI: 'http://127.0.0.1:9' };
  const start = (subject: Subject | 'none'): Promise<number> =>
    runNode<number>(node, argsOf(subject), { cwd: PEERS_FOLDER, env });
  // The first start reads the files from the disk.
  for (const subject of all) await start(subject);
  for (let round = 0; round < processes; round++) {
    for (const subject of shuffle([...all])) times.get(subject)?.push(await start(subject));
  }
  const empty = times.get('none') ?? [];
  const added = (own: readonly number[]): number[] => own.map((time, round) => time - (empty[round] as number));
  return new Map([...times].map(([subject, own]) => [subject, subject === 'none' ? own : added(own)]));
}
