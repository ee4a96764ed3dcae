import type { DoctorArguments } from './arguments.js';
import { examine } from './doctor.js';
import { exitCodeOf, jsonOf, summaryOf, textOf } from './report.js';

/**
 * Runs the checks, prints their results and returns the exit code.
 *
 * @param probe the file that is loaded into the application
 */
export async function printReport(options: DoctorArguments, probe: string): Promise<0 | 1> {
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  const results = await examine(options, {
    env: process.env,
    folder: process.cwd(),
    probe,
    onResult: (result) => {
      if (!options.json) print(textOf(result));
    },
    onRun: (file) => {
      if (!options.json) print(`\nOutput of ${file}:`);
    },
  });
  print(options.json ? jsonOf(results) : `\n${summaryOf(results)}`);
  return exitCodeOf(results);
}
