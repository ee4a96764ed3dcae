/** Runs the smoke programs of a cell, and compares the spans that arrive with the answers of the application's calls. */

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Simulator } from 'bedrock-simulator';
import { execa } from 'execa';
import { QUIET_ENV } from 'testing/examples.js';
import type { ReceivedSpan } from 'testing/otlp-decode.js';
import { startOtlpReceiver } from 'testing/otlp-receiver.js';
import type { Cell } from './cells.js';

const PROGRAMS = join(import.meta.dirname, 'programs');
const TIMEOUT_MILLIS = 30_000;

const SYSTEMS: Readonly<Record<string, readonly string[]>> = {
  CommonJS: ['--require', './tracing.cjs', 'app.cjs'],
  'ES modules': ['--import', './tracing.mjs', 'app.mjs'],
  'CommonJS, mlflow-bedrock/register': [
    '--require',
    'mlflow-bedrock/register',
    '--require',
    './one-line.cjs',
    'app.cjs',
  ],
  'ES modules, mlflow-bedrock/register': [
    '--import',
    'mlflow-bedrock/register',
    '--import',
    './one-line.cjs',
    'app.mjs',
  ],
  'ES modules, autolog()': ['--import', './one-line.cjs', 'app.mjs'],
};

/** One call as the application saw it. See programs/calls.cjs. */
interface Call {
  readonly name: string;
  readonly reason?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly toolCall?: string;
  readonly error?: string;
  /** What an agent said. */
  readonly text?: string;
  /** How many documents a lookup found. */
  readonly documents?: number;
}

interface Printed {
  readonly calls: readonly Call[];
  /** Warnings and errors that OpenTelemetry's diagnostic logger received. */
  readonly problems: readonly string[];
}

/**
 * Runs the programs in each module system and set-up.
 *
 * @param node the path of the program
 * @param folder where the cell's packages are installed
 * @returns a sentence for each difference
 */
export async function runCell(cell: Cell, node: string, folder: string, simulator: Simulator): Promise<string[]> {
  // Programs find packages from their own folder.
  const programs = join(folder, 'programs');
  cpSync(PROGRAMS, programs, { recursive: true });
  const wrong: string[] = [];
  for (const [system, args] of Object.entries(SYSTEMS)) {
    const receiver = await startOtlpReceiver();
    try {
      const env = {
        ...QUIET_ENV,
        NODE_OPTIONS: '',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
        AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME: simulator.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'simulator',
        AWS_SECRET_ACCESS_KEY: 'simulator',
        SMOKE_FAILING_BEDROCK: simulator.endpoint({ scenario: 'throttling' }),
        MLFLOW_TRACKING_URI: receiver.url,
        MLFLOW_EXPERIMENT_ID: '1',
        SMOKE_LINE: cell.line.name,
      };
      const { stdout } = await execa(node, args, { cwd: programs, env, timeout: TIMEOUT_MILLIS });
      const { calls, problems } = JSON.parse(stdout) as Printed;
      wrong.push(...[...problems, ...compare(calls, receiver.spans)].map((what) => `${system}: ${what}`));
    } catch (error) {
      wrong.push(`${system}: ${(error as Error).message.trim()}`);
    } finally {
      await receiver.close();
    }
  }
  return wrong;
}

function compare(calls: readonly Call[], received: readonly ReceivedSpan[]): string[] {
  const root = received.find(({ name }) => name === 'smoke');
  // The program makes one call after another, and the exporter sends spans in the order of their end.
  const spans = received.filter((span) => span !== root);
  const wrong = spans.length === calls.length ? [] : [`${calls.length} calls gave ${spans.length} spans`];
  for (const [index, call] of calls.entries()) {
    const span = spans[index];
    if (span === undefined) continue;
    const told = {
      ...call,
      toolCall: call.toolCall === undefined || call.toolCall,
      isChild: true,
      isFailed: call.error !== undefined,
    };
    const recorded = { ...readSpan(span, call), isChild: span.parentSpanId === root?.spanId };
    for (const [what, value] of Object.entries(told)) {
      const found = recorded[what as keyof typeof recorded];
      if (found !== value) wrong.push(`call ${index + 1}, ${what}: the span has ${found}, the application ${value}`);
    }
  }
  return wrong;
}

function readSpan({ name, attributes, status }: ReceivedSpan, call: Call) {
  const [reason] = (attributes['gen_ai.response.finish_reasons'] ?? []) as readonly string[];
  // mlflow-bedrock records only MLflow's form if MLflow is the only backend.
  const answer = attributes['gen_ai.output.messages'] ?? attributes['mlflow.spanOutputs'];
  const isRecorded = String(answer).includes(`"${call.toolCall}"`);
  return {
    name,
    reason,
    inputTokens: attributes['gen_ai.usage.input_tokens'],
    outputTokens: attributes['gen_ai.usage.output_tokens'],
    toolCall: call.toolCall === undefined || (isRecorded && call.toolCall),
    error: attributes['error.type'],
    text: call.text !== undefined && String(answer).includes(JSON.stringify(call.text)) ? call.text : undefined,
    documents: call.documents === undefined ? undefined : documentsIn(attributes['mlflow.spanOutputs']),
    isFailed: status.code === 2,
  };
}

function documentsIn(outputs: unknown): number | undefined {
  const documents = JSON.parse(String(outputs)) as unknown;
  return Array.isArray(documents) ? documents.length : undefined;
}
