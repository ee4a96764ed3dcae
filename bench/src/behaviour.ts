/** What the instrumentations record, and what the application notices: each check in a process of its own. */

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { startSimulator } from 'bedrock-simulator';
import { type Region, replaceRegion } from 'testing/markdown.js';
import { type Bench, inPairs, runChild } from './child.js';
import { PEERS } from './install.js';
import { formatMarkdown, type Table } from './table.js';
import { INSTRUMENTATIONS, type Subject } from './variants.js';

const REGION: Region = { page: 'docs/comparison.md', name: 'behaviour', command: 'npm run bench -- --behaviour' };
const FILE: string = resolve(import.meta.dirname, '../..', REGION.page);
const SUBJECTS = ['this project', 'openinference', 'aws-sdk', 'traceloop'] as const satisfies readonly Subject[];

export const CHECKS = [
  'Converse: input and output tokens',
  'Converse: prompt and answer',
  'Converse: tool call',
  'Converse: tokens of the prompt cache',
  'ConverseStream: answer and tokens',
  'ConverseStream: span of a reader that stops early',
  'ConverseStream: status after an error in the stream',
  'ConverseStream: span of a throttled call',
  'InvokeModel, Claude: tokens',
  'InvokeModel, Mistral: tokens, which only headers have',
  'InvokeModel, body as bytes',
  'InvokeModelWithResponseStream, Claude: events that the application gets',
  'InvokeModelWithResponseStream, Claude: output tokens',
  'An error in that stream reaches the application',
  'send(command, callback)',
  'Model of an inference profile, us.…',
  'ApplyGuardrail',
  'Content switched off: text left in the span',
  'disable(): spans of a client in use',
  'HTTP request within the span',
] as const;
export type Check = (typeof CHECKS)[number];

export interface BehaviourJob {
  readonly subject: Subject;
  readonly check: Check;
  readonly url: string;
}

/** @returns a table of short findings */
export async function compareBehaviour({ node, log }: Pick<Bench, 'node' | 'log'>): Promise<Table> {
  const simulator = await startSimulator({ respond: ({ modelId }) => ANSWERS[modelId ?? ''] });
  try {
    const jobs = CHECKS.flatMap((check) => SUBJECTS.map((subject) => ({ check, subject, url: simulator.url })));
    log(`Running ${jobs.length} programs`);
    const findings = await inPairs(jobs, (job) => runChild<string>(node, 'behaviour', job));
    const rows = CHECKS.map((check, row) => [
      check,
      ...SUBJECTS.map((_, column) => findings[row * SUBJECTS.length + column] ?? ''),
    ]);
    return { columns: ['', ...SUBJECTS], rows };
  } finally {
    await simulator.close();
  }
}

/** @throws Error if the page has no place for the table */
export function writeComparison(table: Table, date: Date): void {
  const compared = new Set<string>(SUBJECTS.map((subject) => INSTRUMENTATIONS[subject].packageName));
  const versions = Object.entries(PEERS)
    .filter(([name]) => compared.has(name) || name === '@aws-sdk/client-bedrock-runtime')
    .map(([name, version]) => `\`${name}\` ${version}`);
  const about = `${date.toISOString().slice(0, 10)}, with ${versions.join(', ')}.`;
  const content = `${about}\n\n${formatMarkdown(table)}`;
  writeFileSync(FILE, replaceRegion(readFileSync(FILE, 'utf8'), REGION, content));
}

const TOOL_USE = { toolUse: { toolUseId: 'use-1', name: 'find_city', input: { country: 'France' } } };

/** Answers of the service by model id. The simulator answers all other requests. */
const ANSWERS: Readonly<Record<string, { body: unknown; headers?: Record<string, string> }>> = {
  'amazon.nova-pro-v1:0': {
    body: {
      output: { message: { role: 'assistant', content: [TOOL_USE] } },
      stopReason: 'tool_use',
      usage: { inputTokens: 7, outputTokens: 5, totalTokens: 112, cacheReadInputTokens: 64, cacheWriteInputTokens: 36 },
      metrics: { latencyMs: 1 },
    },
  },
  'mistral.mistral-7b-instruct-v0:2': {
    body: { outputs: [{ text: 'Paris.', stop_reason: 'stop' }] },
    headers: { 'x-amzn-bedrock-input-token-count': '21', 'x-amzn-bedrock-output-token-count': '3' },
  },
};
