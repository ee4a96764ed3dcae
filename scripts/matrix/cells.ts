/** The combinations to try, each of a Node.js, a line of OpenTelemetry and an AWS SDK. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';

const WORKSPACE = resolve(import.meta.dirname, '../../pnpm-workspace.yaml');
const SDK = '@aws-sdk/client-bedrock-runtime';
const API = '@opentelemetry/api';
const SDK_NODE = '@opentelemetry/sdk-node';
const AGENTS_SDK = '@aws-sdk/client-bedrock-agent-runtime';

/** The newest release of each line of Node.js that is supported. */
const NODES = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'] as const;

/** A major version of OpenTelemetry. */
export interface OpenTelemetryLine {
  readonly name: '2.x' | '3.x';
  /** The oldest Node.js that it supports. */
  readonly node: number;
  /** The packages that an application with tracing installs. */
  readonly packages: Readonly<Record<string, string>>;
  /** The versions of `@opentelemetry/sdk-node` that belong to the line, and those of the API. */
  readonly ranges: { readonly sdk: string; readonly api: string };
}

const LINES: readonly OpenTelemetryLine[] = [
  {
    name: '2.x',
    node: 18.19,
    packages: {
      '@opentelemetry/api': '1.9.1',
      '@opentelemetry/sdk-node': '0.223.0',
      '@opentelemetry/sdk-trace-base': '2.12.0',
    },
    ranges: { sdk: '<0.300.0', api: '~1.9.0' },
  },
  {
    name: '3.x',
    node: 22.15,
    packages: {
      '@opentelemetry/api': '1.10.0',
      '@opentelemetry/sdk-node': '0.301.0',
      '@opentelemetry/sdk-trace': '3.1.0',
    },
    ranges: { sdk: '>=0.301.0', api: '^1.10.0' },
  },
];

/** The oldest SDK with Converse, the newest SDK, which all tests use, and some between. */
const SDKS = ['3.600.0', '3.785.0', '3.840.0', '3.1000.0', newestSdk()] as const;

/** Not every release of the AWS SDK has all clients. */
const AGENTS_SDKS: Readonly<Record<string, string>> = { '3.785.0': '3.782.0' };

/** A Node.js with a line of OpenTelemetry, which is a column of the table. */
export interface Platform {
  readonly node: string;
  readonly line: OpenTelemetryLine;
}

/** A combination. */
export interface Cell extends Platform {
  /** Version of `@aws-sdk/client-bedrock-runtime`. */
  readonly sdk: string;
  /** Version of the client for agents: the same, or the release before it. */
  readonly agentsSdk: string;
}

/** The columns of the table. */
export const PLATFORMS: readonly Platform[] = NODES.flatMap((node) =>
  LINES.filter((line) => Number.parseFloat(node) >= line.node).map((line) => ({ node, line })),
);

/** All combinations. */
export const CELLS: readonly Cell[] = SDKS.flatMap((sdk) =>
  PLATFORMS.map((platform) => ({ ...platform, sdk, agentsSdk: AGENTS_SDKS[sdk] ?? sdk })),
);

/** Asks the npm registry for the newest AWS SDK, the newest release of each line of OpenTelemetry and of Node.js. */
export async function newestCells(): Promise<Cell[]> {
  const [sdk, agentsSdk] = await Promise.all([newestOf(SDK, '^3.0.0'), newestOf(AGENTS_SDK, '^3.0.0')]);
  const lines = new Map<OpenTelemetryLine, OpenTelemetryLine>();
  for (const line of LINES) lines.set(line, { ...line, packages: await newestPackages(line) });
  return PLATFORMS.map(({ node, line }) => ({
    node: node.replace(/\..*/, ''),
    line: lines.get(line) ?? line,
    ...{ sdk, agentsSdk },
  }));
}

/** The packages of an application in this cell, besides this project's. */
export function packagesOf({ line, sdk, agentsSdk }: Cell): Record<string, string> {
  return { ...line.packages, [SDK]: sdk, [AGENTS_SDK]: agentsSdk };
}

/** The newest SDK of a line, with the other packages in the versions that it needs, because they are released one by one. */
async function newestPackages({ packages, ranges }: OpenTelemetryLine): Promise<Record<string, string>> {
  const sdk = await newestOf(SDK_NODE, ranges.sdk);
  const { stdout } = await execa('npm', ['view', `${SDK_NODE}@${sdk}`, 'dependencies', '--json']);
  const needed = JSON.parse(stdout) as Record<string, string>;
  const own: Record<string, string> = { [SDK_NODE]: sdk, [API]: await newestOf(API, ranges.api) };
  return Object.fromEntries(Object.keys(packages).map((name) => [name, own[name] ?? needed[name] ?? '']));
}

/** The newest version of an npm package in a range. npm prints the versions in ascending order. */
async function newestOf(name: string, range: string): Promise<string> {
  const { stdout } = await execa('npm', ['view', `${name}@${range}`, 'version', '--json']);
  const newest = [JSON.parse(stdout) as string | string[]].flat().at(-1);
  if (newest === undefined) throw new Error(`The npm registry has no version ${range} of ${name}.`);
  return newest;
}

function newestSdk(): string {
  const { catalog } = parse(readFileSync(WORKSPACE, 'utf8')) as { catalog: Record<string, string> };
  return catalog[SDK] ?? '';
}
