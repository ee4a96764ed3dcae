import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { failuresOf, formatResult, type SoakOptions } from '../packages/instrumentation-bedrock/test/soak/result.js';
import { runSoak } from '../packages/instrumentation-bedrock/test/soak/run.js';

const USAGE = `Usage: npm run soak -- [--calls 100000] [--concurrency 24] [--seed number]
  --seed   repeats the calls of another run, which printed it`;

/** `npm run soak` makes calls of all kinds, with faults, breaks and aborts. Then it checks what must hold after them. */
export async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  const log = (line: string): void => console.log(`• ${line}`);
  log(`${options.calls.toLocaleString('en-US')} calls, ${options.concurrency} at once, seed ${options.seed}`);
  const result = await runSoak(options, log);
  console.log(`\n${formatResult(result)}`);
  const failures = failuresOf(result);
  for (const failure of failures) console.error(`\n${failure}`);
  return failures.length === 0 ? 0 : 1;
}

function readOptions(args: string[]): SoakOptions {
  try {
    const option = { type: 'string' } as const;
    const { values } = parseArgs({ args, options: { calls: option, concurrency: option, seed: option } });
    return {
      calls: positive('calls', values.calls ?? '100000'),
      concurrency: positive('concurrency', values.concurrency ?? '24'),
      seed: positive('seed', values.seed ?? String(randomInt(1, 2 ** 31))),
    };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} must be a whole number above 0, not "${text}".`);
  return value;
}
