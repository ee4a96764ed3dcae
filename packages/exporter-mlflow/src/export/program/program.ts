import { userInfo } from 'node:os';
import { basename } from 'node:path';
import type { RecordContext } from '../trace/record.js';
import { gitMetadata } from './git.js';

/** The part of a trace record that describes this process. Reads a few small files. */
export function describeProgram(): Pick<RecordContext, 'sourceName' | 'user' | 'modelId' | 'git'> {
  const [, script] = process.argv;
  return {
    sourceName: script ? basename(script) : undefined,
    user: userName(),
    // Python's client reads the same variables.
    modelId: process.env['MLFLOW_ACTIVE_MODEL_ID'] || process.env['_MLFLOW_ACTIVE_MODEL_ID'] || undefined,
    git: gitMetadata('.'),
  };
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
    return undefined;
  }
}
