/** The cases beside this checkout: small inputs of public reports, and what the span of each must hold. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { SimulatedResponse, StreamEvent } from 'bedrock-simulator';
import type { BedrockInstrumentationConfig } from '../../src/index.js';

const CASES = new URL('../../../../../shared/cases/instrumentation/', import.meta.url);

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly config?: BedrockInstrumentationConfig;
  readonly respond: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly rawBody?: string;
    readonly events?: readonly StreamEvent[];
    /** Payloads of `chunk` events. */
    readonly chunks?: readonly unknown[];
    /** Frames after the chunks. */
    readonly tail?: readonly StreamEvent[];
    readonly ending?: 'reset' | 'hang';
  };
  /** How the application reads the stream. Default: to its end. */
  readonly read?: { readonly breakAfter?: number; readonly abortAfter?: number; readonly throwOnError?: boolean };
  /** Attributes of the span; null for one that must be absent. */
  readonly expect?: Readonly<Record<string, unknown>>;
  /** Texts that attributes must contain, and must not. */
  readonly contains?: Readonly<Record<string, string>>;
  readonly lacks?: Readonly<Record<string, string>>;
  /** Attributes that must be there. */
  readonly keys?: readonly string[];
  /** Values that any attribute must have. */
  readonly anyValue?: readonly unknown[];
  /** Attributes with JSON that has no half characters. */
  readonly wellFormed?: readonly string[];
  readonly isJson?: readonly string[];
  readonly status?: 'ERROR' | 'UNSET' | 'OK';
}

/** Returns undefined if the cases are not beside this checkout. */
export function readCases(): Case[] | undefined {
  if (!existsSync(CASES)) return undefined;
  return readdirSync(CASES)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      name: name.slice(0, -'.json'.length),
      ...JSON.parse(readFileSync(new URL(name, CASES), 'utf8')),
    }));
}

/** What the simulator sends. */
export function responseOf({ respond }: Case): SimulatedResponse {
  const { status, headers, body, rawBody, chunks, tail = [], ending } = respond;
  const events = respond.events ?? chunks?.map((payload): StreamEvent => ({ type: 'chunk', payload }));
  return {
    ...(status === undefined ? {} : { status }),
    ...(headers && { headers }),
    ...(ending && { ending }),
    ...(events ? { events: [...events, ...tail] } : { body: rawBody ?? body }),
  };
}
