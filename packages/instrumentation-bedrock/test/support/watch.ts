/** What an application's receivers get of calls with marked texts: spans, log events, metrics and lines of the logger. */

import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { expect } from 'chai';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { CANARY } from './canaries.js';
import { startTracing, type Tracing } from './tracing.js';

const VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';

/**
 * Ids and names of models, agents, tools and other resources, and the application's labels for its requests, are no
 * content: README, "What is content".
 */
export const IDS: RegExp = new RegExp(
  `^(?:${[
    String.raw`gen_ai\.(?:request\.model|response\.(?:id|model)|prompt\.\w+)`,
    String.raw`gen_ai\.(?:agent\.(?:id|name|version)|conversation\.id|data_source\.id|workflow\.name)`,
    String.raw`gen_ai\.(?:tool\.(?:name|call\.id)|memory\.(?:store|record)\.id)`,
    String.raw`mlflow\.llm\.\w+`,
    String.raw`mcp\.(?:session\.id|protocol\.version|method\.name)`,
    String.raw`aws\.bedrock\.request_metadata\..*`,
    // The project's own names say what is an id or the name of a resource.
    String.raw`aws\.bedrock\..*[._](?:ids?|arn|name|target_model|qualifier|service|operation|conditions)`,
  ].join('|')})$`,
);
/** Removes every canary, also from names of members. */
const removeCanaries: NonNullable<BedrockInstrumentationConfig['contentHook']> = ({ value }) =>
  JSON.parse(JSON.stringify(value).replaceAll(/canary/gi, '…'));

/** Settings with which no canary may be emitted, and the default. */
export const WAYS: Readonly<Record<string, { config: BedrockInstrumentationConfig; variable?: string }>> = {
  'nothing is set': { config: {} },
  'the option is off': { config: { captureMessageContent: false, recordStreamEvents: true } },
  'the variable is off': { config: { captureMessageContent: true }, variable: 'false' },
  'a hook removes them': {
    config: { contentHook: removeCanaries, recordStreamEvents: true },
    variable: 'SPAN_AND_EVENT',
  },
  'a hook removes them from log events alone': {
    config: { contentHook: removeCanaries, recordStreamEvents: true },
    variable: 'EVENT_ONLY',
  },
  'a hook records nothing': {
    config: { contentHook: () => undefined, recordStreamEvents: true },
    variable: 'SPAN_AND_EVENT',
  },
  'a hook throws them': {
    config: {
      contentHook: ({ value }) => {
        const error = new Error(JSON.stringify(value), { cause: value });
        throw Object.assign(error, { name: 'canary_hook', code: 'canary_hook' });
      },
      recordStreamEvents: true,
    },
    variable: 'SPAN_AND_EVENT',
  },
};

/** Watches what the calls of one test emit. */
export class Watch {
  tracing!: Tracing;
  /** What was logged. */
  lines: unknown[][] = [];

  /** @param way a key of {@link WAYS}. */
  start(way: string): void {
    const { config, variable } = WAYS[way] as { config: BedrockInstrumentationConfig; variable?: string };
    if (variable !== undefined) process.env[VARIABLE] = variable;
    this.tracing = startTracing({ withMetrics: true, config });
    this.lines = [];
    const log = (...args: unknown[]): void => void this.lines.push(args);
    const logger: DiagLogger = { error: log, warn: log, info: log, debug: log, verbose: log };
    diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
  }

  async stop(): Promise<void> {
    diag.disable();
    delete process.env[VARIABLE];
    await this.tracing.close();
  }

  /** What was emitted and logged. @param isLeftOut names attributes that may have the text. */
  async emitted(isLeftOut: (name: string) => boolean = () => false): Promise<string> {
    const kept = (attributes: object | undefined): object =>
      Object.fromEntries(Object.entries(attributes ?? {}).filter(([name]) => !isLeftOut(name)));
    const spans = this.tracing.spans().map(({ name, attributes, events, status }) => ({
      name: isLeftOut('gen_ai.request.model') ? name.split(' ')[0] : name,
      attributes: kept(attributes),
      events: events.map((event) => ({ name: event.name, attributes: kept(event.attributes) })),
      status,
    }));
    const events = this.tracing
      .events()
      .map(({ eventName, attributes }) => ({ eventName, attributes: kept(attributes) }));
    const metrics = [...(await this.tracing.metrics())].map(([name, points]) => [
      name,
      points.map(({ attributes }) => kept(attributes)),
    ]);
    const logged = this.lines.map((args) => args.map((arg) => (arg instanceof Error ? `${arg.stack}` : String(arg))));
    return JSON.stringify({ spans, events, metrics, logged }, null, 1);
  }

  /** Fails if a canary was emitted. */
  async expectNone(isLeftOut?: (name: string) => boolean): Promise<void> {
    const found = (await this.emitted(isLeftOut)).split('\n').filter((line) => CANARY.test(line));
    expect([...new Set(found.map((line) => line.trim().slice(0, 200)))]).to.deep.equal([]);
  }
}
