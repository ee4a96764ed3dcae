import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Environment } from '../../common/environment.js';
import type { MachineFacts } from '../model/facts.js';

const CONTAINER_FILES = ['/.dockerenv', '/run/.containerenv'];
const CONTAINER_VARIABLES = ['KUBERNETES_SERVICE_HOST', 'ECS_CONTAINER_METADATA_URI_V4', 'AWS_LAMBDA_FUNCTION_NAME'];
const SETTING = /^(?:MLFLOW|OTEL)_/;

/** Looks at this machine. */
export function lookAtMachine(folder: string, env: Environment): MachineFacts {
  const container =
    CONTAINER_FILES.find((file) => existsSync(file)) ?? CONTAINER_VARIABLES.find((name) => env[name]?.trim());
  return {
    nodeVersion: process.versions.node,
    ...(container === undefined ? {} : { container }),
    onlyInEnvFile: Object.keys(readEnvFile(join(folder, '.env'))).filter(
      (name) => SETTING.test(name) && env[name] === undefined,
    ),
    hasAwsFiles:
      [env['AWS_SHARED_CREDENTIALS_FILE'], env['AWS_CONFIG_FILE']].some((file) => file && existsSync(file)) ||
      ['credentials', 'config'].some((file) => existsSync(join(homedir(), '.aws', file))),
  };
}

function readEnvFile(file: string): Readonly<Record<string, unknown>> {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
