import { resolve } from 'node:path';
import { DEMO_EXAMPLES, type DemoExample } from './examples.js';
import { type Finished, runNode } from './run.js';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The experiment of the demo. */
export const DEMO_EXPERIMENT = 'bedrock-examples';
/** Tag of the demo's traces: the example that made them. */
export const DEMO_EXAMPLE_TAG = 'demo.example';

/** Runs `npm run demo -- --mlflow <url> --exit`. */
export function runDemo(url: string): Promise<Finished> {
  return runNode(['scripts/bootstrap.mjs', 'demo', '--mlflow', url, '--exit'], { cwd: ROOT });
}

/** Groups traces of the demo by the example that made them. */
export function byExample<Trace extends { readonly tags: Readonly<Record<string, string>> }>(
  traces: readonly Trace[],
): Readonly<Record<DemoExample, readonly Trace[]>> {
  const entries = DEMO_EXAMPLES.map((example) => [
    example,
    traces.filter(({ tags }) => tags[DEMO_EXAMPLE_TAG] === example),
  ]);
  return Object.fromEntries(entries);
}
