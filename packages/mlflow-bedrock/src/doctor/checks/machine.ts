import type { MachineFacts } from '../model/facts.js';
import { findings, type Result } from '../model/result.js';
import { isOlder } from './packages.js';

const { ok, warning, problem } = findings('node');

const OLDEST_NODE = [20, 19] as const;

/** Checks the version of Node.js. */
export function checkNode({ nodeVersion }: MachineFacts): Result {
  if (isOlder(nodeVersion, OLDEST_NODE)) {
    return problem(
      `Node.js ${nodeVersion} is too old.`,
      `Use Node.js ${OLDEST_NODE.join('.')} or newer. Node.js 24 is a good choice.`,
    );
  }
  return ok(`Node.js ${nodeVersion} is supported.`);
}

/** Checks whether a file `.env` has settings that this environment lacks. */
export function checkEnvFile({ onlyInEnvFile }: MachineFacts): Result[] {
  if (onlyInEnvFile.length === 0) return [];
  return [
    {
      ...warning(
        `The file .env sets ${onlyInEnvFile.join(', ')}, which this environment lacks.`,
        'If the application reads that file, run the doctor with it: npx mlflow-bedrock doctor --env-file .env',
      ),
      check: 'environment',
    },
  ];
}
