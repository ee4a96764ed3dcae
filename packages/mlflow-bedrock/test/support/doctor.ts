/** Applications for the doctor, each in a folder of its own, and what the doctor finds there. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DoctorArguments } from '../../src/doctor/arguments.js';
import { examine } from '../../src/doctor/doctor.js';
import type { Result } from '../../src/doctor/model/result.js';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
/** The program as it is built, and what it loads into applications. */
export const CLI: string = join(PACKAGE, 'dist/cjs/programs/cli.js');
export const PROBE: string = join(PACKAGE, 'dist/cjs/programs/probe.js');

/** The packages of an application: installed for real, or a version that only has a `package.json`. */
export type Packages = Readonly<Record<string, 'real' | string>>;

export const INSTALLED: Packages = {
  'mlflow-bedrock': 'real',
  '@opentelemetry/api': 'real',
  '@aws-sdk/client-bedrock-runtime': 'real',
};

/** An application in a folder of its own. */
export interface Application {
  readonly folder: string;
  write(file: string, text: string): void;
  /** Runs the program `mlflow-bedrock` there, with this environment and no other. */
  run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ code: number; stdout: string; stderr: string }>;
  remove(): void;
}

/** Creates an application with these packages. Names with a path are packages within packages. */
export function createApplication(
  packages: Packages = INSTALLED,
  files: Readonly<Record<string, string>> = {},
): Application {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'doctor-')));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const names = Object.keys(packages);
  const dependenciesOf = (path: string): Record<string, string> => {
    const below = path === '' ? '' : `${path}/node_modules/`;
    const own = names.filter((name) => name.startsWith(below) && !name.slice(below.length).includes('node_modules/'));
    return Object.fromEntries(own.map((name) => [name.slice(below.length), '*']));
  };
  write('package.json', JSON.stringify({ private: true, type: 'module', dependencies: dependenciesOf('') }));
  for (const name of names) {
    const at = join('node_modules', name);
    const version = packages[name] ?? '';
    if (version === 'real') {
      mkdirSync(dirname(join(folder, at)), { recursive: true });
      symlinkSync(
        name === 'mlflow-bedrock' ? PACKAGE : realpathSync(join(PACKAGE, 'node_modules', name)),
        join(folder, at),
      );
      continue;
    }
    const own = { name: name.replace(/^.*node_modules\//, ''), version, dependencies: dependenciesOf(name) };
    write(join(at, 'package.json'), JSON.stringify(own));
  }
  for (const [file, text] of Object.entries(files)) write(file, text);
  return {
    folder,
    write,
    run: (args, env) =>
      new Promise((resolve) => {
        execFile(process.execPath, [CLI, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
          resolve({ code: Number(error?.code ?? 0), stdout, stderr });
        });
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a complete environment has: nothing to find fault with, but no server. */
export const COMPLETE: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: tmpdir(),
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

/** Runs the doctor in this process, which is faster, with this environment and no other. */
export async function examineIn(
  folder: string,
  env: NodeJS.ProcessEnv,
  options: Partial<DoctorArguments> = {},
): Promise<Result[]> {
  const before = process.env;
  process.env = { ...env };
  try {
    return await examine(
      { application: [], nodeOptions: [], run: true, trace: true, json: true, timeoutSeconds: 20, ...options },
      { env: process.env, folder, probe: PROBE, onResult: () => {}, onRun: () => {} },
    );
  } finally {
    process.env = before;
  }
}

/** The results that are neither `ok` nor `skipped`, as the text of the report. */
export function complaints(results: readonly Result[]): string[] {
  return results
    .filter(({ status }) => status === 'problem' || status === 'warning')
    .map(({ status, what, todo }) => `${status}: ${what} -> ${todo}`);
}

/** The results of these checks as `status: what`. */
export function resultsOf(results: readonly Result[], ...checks: string[]): string[] {
  return results.filter(({ check }) => checks.includes(check)).map(({ status, what }) => `${status}: ${what}`);
}
