import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import type { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { readSettings } from '../../src/settings.js';
import { addStacks, mlflowStackName } from '../../src/stacks.js';
import { temporaryFolder } from '../../src/temporary.js';
import { CASES, type CaseName } from './cases.js';

const CDK_JSON = new URL('../../cdk.json', import.meta.url);
const flags = (JSON.parse(readFileSync(CDK_JSON, 'utf8')) as { context: Record<string, unknown> }).context;
const synthesized = new Map<CaseName, Synthesized>();

export interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the type of a CloudFormation resource decides the shape of its JSON
  Properties: any;
  DeletionPolicy?: string;
  DependsOn?: string[];
}

export interface StackTemplate {
  Resources: Record<string, Resource>;
  Outputs?: Record<string, { Value: unknown }>;
}

export interface Synthesized {
  assembly: CloudAssembly;
  /** Returns the template of the stack with this suffix, or of MLflow's stack without a suffix. */
  template(suffix?: 'images' | 'application'): StackTemplate;
}

/** Synthesizes like `cdk synth -c name=value …`. Throws on findings of cdk-nag, as the command does. */
export function synthesize(context: Record<string, string>, extend: (app: App) => void = () => {}): Synthesized {
  const outdir = temporaryFolder('cdk.out');
  const app = new App({ outdir, context: { ...flags, ...context } });
  addStacks(app);
  extend(app);
  const assembly = app.synth();
  const prefix = mlflowStackName(readSettings(app.node));
  return {
    assembly,
    template: (suffix) =>
      assembly.getStackByName(suffix === undefined ? prefix : `${prefix}-${suffix}`).template as StackTemplate,
  };
}

/** Returns a synthesized case. Each case is synthesized only once. */
export function synthesizeCase(name: CaseName): Synthesized {
  const known = synthesized.get(name) ?? synthesize(CASES[name]);
  synthesized.set(name, known);
  return known;
}

/** Returns all resources of a type with their logical ids. */
export function resources({ Resources }: StackTemplate, type: string): [string, Resource][] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type);
}

/** Returns the only resource of a type whose logical id contains `idPart`. */
export function resource(template: StackTemplate, type: string, idPart = ''): Resource {
  const found = resources(template, type).filter(([id]) => id.includes(idPart));
  if (found.length !== 1) throw new Error(`${found.length} of ${type} with "${idPart}": ${found.map(([id]) => id)}`);
  return found[0]![1];
}
