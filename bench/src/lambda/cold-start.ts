/** What tracing adds to the cold start of a function of AWS Lambda. */

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startSimulator } from 'bedrock-simulator';
import { build } from 'esbuild';
import { shuffle } from 'simple-statistics';
import type { Bench } from '../child.js';
import { startMlflowSink } from '../mlflow-sink.js';
import { type ColdStart, measureColdStart } from './runtime-api.js';

const FUNCTIONS = resolve(import.meta.dirname, 'functions');
/** Below the functions, so that nothing but the bundle is loaded from elsewhere. */
const BUNDLES = resolve(import.meta.dirname, '..', '..', '.peers', 'bundles');

/** Fewer would hide what varies between processes. */
const LEAST_PROCESSES = 10;

export const FORMS = ['ES module', 'CommonJS', 'ES module, bundled', 'CommonJS, bundled'] as const;
export type Form = (typeof FORMS)[number];

/** Cold starts of one form, one of each process, without and with tracing. */
export interface ColdStarts {
  readonly without: readonly ColdStart[];
  readonly traced: readonly ColdStart[];
}

interface FunctionFile {
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Measures in fresh processes, one at a time and in random order. Bedrock and MLflow answer at once. */
export async function measureColdStarts(
  { node, processes }: Pick<Bench, 'node' | 'processes'>,
  forms: readonly Form[] = FORMS,
): Promise<ReadonlyMap<Form, ColdStarts>> {
  const [simulator, mlflow] = await Promise.all([startSimulator(), startMlflowSink()]);
  const env = {
    PATH: process.env['PATH'],
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    MLFLOW_TRACKING_URI: mlflow.url,
  };
  const start = (program: FunctionFile): Promise<ColdStart> =>
    measureColdStart({ node, file: program.file, cwd: FUNCTIONS, env: { ...env, ...program.env } });
  try {
    const subjects = await Promise.all(
      forms.map(async (form) => {
        const programs = { without: await functionOf(form, false), traced: await functionOf(form, true) };
        return { form, programs, starts: { without: [] as ColdStart[], traced: [] as ColdStart[] } };
      }),
    );
    const kinds = ['without', 'traced'] as const;
    const all = subjects.flatMap(({ programs, starts }) =>
      kinds.map((kind) => ({ program: programs[kind], starts: starts[kind] })),
    );
    // The first start reads the files from the disk.
    for (const { program } of all) await start(program);
    for (let round = 0; round < processes; round++) {
      for (const { program, starts } of shuffle(all)) starts.push(await start(program));
    }
    return new Map(subjects.map(({ form, starts }) => [form, starts]));
  } finally {
    await Promise.all([simulator.close(), mlflow.close()]);
  }
}

/** How many processes a benchmark starts for each figure. */
export function processesFor({ processes, seconds }: Bench): number {
  return seconds < 10 ? processes : Math.max(processes, LEAST_PROCESSES);
}

async function functionOf(form: Form, isTraced: boolean): Promise<FunctionFile> {
  const format = form.startsWith('CommonJS') ? 'cjs' : 'esm';
  const extension = format === 'cjs' ? 'cjs' : 'mjs';
  if (!form.endsWith('bundled')) {
    const file = join(FUNCTIONS, `${isTraced ? 'traced' : 'plain'}.${extension}`);
    return { file, env: isTraced ? { NODE_OPTIONS: '--import mlflow-bedrock/register' } : {} };
  }
  mkdirSync(BUNDLES, { recursive: true });
  const file = join(BUNDLES, `${isTraced ? 'traced' : 'plain'}.${extension}`);
  await build({
    entryPoints: [join(FUNCTIONS, isTraced ? 'bundled.mjs' : 'plain.mjs')],
    outfile: file,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format,
    logLevel: 'error',
    ...(format === 'esm' && { banner: { js: REQUIRE } }),
  });
  return { file, env: {} };
}

/** CommonJS code in an ES module bundle calls `require`. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
