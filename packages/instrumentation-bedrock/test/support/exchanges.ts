/** Exchanges to replay: the project's own samples, and the recordings beside the repository if they are there. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Exchange } from 'bedrock-simulator';
import { fromRecording, type Recording } from './recordings.js';

const SAMPLES = new URL('../samples/', import.meta.url);
const RECORDINGS = new URL('../../../../../shared/fixtures/', import.meta.url);

/** An exchange with its request, and what the span of the call must say. */
export interface ReplayedExchange extends Exchange {
  readonly request: {
    /** Path of the recorded request. */
    readonly path?: string;
    /** Members of the SDK's input that the body does not have, such as a guardrail's id. */
    readonly input?: Readonly<Record<string, unknown>>;
    /** JSON of the request: of InvokeModel the model's own, of other operations the API's. */
    readonly body?: unknown;
  };
  readonly expected: Expected;
}

export interface ToolCall {
  readonly name: string;
  readonly id?: string | null;
  readonly arguments: unknown;
}

/** What the span must say. A sample that leaves out a member expects the span to lack it. */
export interface Expected {
  readonly spanName?: string;
  readonly spanType?: string;
  /** Cached tokens included. */
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
  /** The part of `cacheWriteTokens` that the service keeps for an hour. */
  readonly longCacheWriteTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly finishReasons?: readonly string[];
  readonly responseId?: string | undefined;
  readonly responseModel?: string | undefined;
  /** Length of the vectors. */
  readonly dimensions?: number | undefined;
  /** Text of each message of the answer. */
  readonly texts?: readonly string[];
  /** Of the answer's first message. */
  readonly reasoning?: string;
  readonly toolCalls?: readonly ToolCall[];
  /** Number of images in the answer. */
  readonly images?: number;
  /** The parts of the request's last message, if they are not one text. */
  readonly lastInput?: readonly unknown[];
  readonly error?: { readonly type: string; readonly message: string } | undefined;
  /** True if the stream ends without its closing event: then the span has `error.type` `incomplete_stream`. */
  readonly isIncomplete?: boolean;
  /** Further attributes that the span must have. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** The files of the samples below their folder, sorted, with `/` between folder and name. */
export function sampleFiles(): string[] {
  return readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();
}

/** The samples of this package. */
export function readSamples(): ReplayedExchange[] {
  return sampleFiles().map((name) => JSON.parse(readFileSync(new URL(name, SAMPLES), 'utf8')) as ReplayedExchange);
}

/** The recordings of a folder; undefined if the recordings are not beside this checkout. */
export function readRecordings(folder: 'exchanges' | 'synthetic'): ReplayedExchange[] | undefined {
  const directory = new URL(`${folder}/`, RECORDINGS);
  if (!existsSync(directory)) return undefined;
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => fromRecording(JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as Recording));
}
