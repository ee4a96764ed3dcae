#!/usr/bin/env node
/** `npx mlflow-bedrock doctor`. What it needs is loaded after the arguments are known to be right. */

import { realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArguments, USAGE } from '../doctor/arguments.js';

const WRONG_USAGE = 2;

async function main(): Promise<number> {
  const parsed = parseArguments(process.argv.slice(2));
  if (parsed.kind === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (parsed.kind === 'wrong') return wrong(parsed.message);
  const { options } = parsed;
  const [application] = options.application;
  if (application !== undefined && !isFile(resolve(application))) return wrong(`There is no file ${application}.`);
  if (options.envFile !== undefined) {
    try {
      process.loadEnvFile(options.envFile);
    } catch {
      return wrong(`The file ${options.envFile} cannot be read.`);
    }
  }
  const { printReport } = await import('../doctor/print.js');
  // npx starts this file by a link.
  const program = realpathSync(process.argv[1] ?? '');
  return printReport(options, join(dirname(program), 'probe.js'));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function wrong(message: string): number {
  process.stderr.write(`${message}\n\n${USAGE}`);
  return WRONG_USAGE;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // Its message may repeat credentials.
    process.stderr.write(`The doctor failed (${error instanceof Error ? error.name : typeof error}).\n`);
    process.exitCode = 1;
  },
);
