/**
 * The registry of the semantic conventions as data: names, examples and words of the attributes and metrics in
 * `@opentelemetry/semantic-conventions/incubating`, which has the GenAI conventions of v1.41.1.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as registry from '@opentelemetry/semantic-conventions/incubating';

const DIST = dirname(createRequire(import.meta.url).resolve('@opentelemetry/semantic-conventions/incubating'));
const DECLARATIONS = ['experimental_attributes', 'stable_attributes'].map((file) =>
  readFileSync(join(DIST, `${file}.d.cts`), 'utf8'),
);
const DECLARATION = /\/\*\*(?<comment>(?:(?!\*\/)[\s\S])*)\*\/\s*declare const ATTR_\w+: "(?<name>[^"]+)";/g;

export type ValueType = 'string' | 'string[]' | 'int' | 'double';

/** The type of each attribute whose comment has an example. */
const TYPES: ReadonlyMap<string, ValueType> = new Map(
  DECLARATIONS.flatMap((text) => [...text.matchAll(DECLARATION)]).flatMap(({ groups }) => {
    const { name = '', comment = '' } = groups ?? {};
    const [, example] = /@example (.*)/.exec(comment) ?? [];
    const type = example === undefined ? undefined : typeOf(example);
    return type === undefined ? [] : [[name, type] as const];
  }),
);

/** The names in the constants with a prefix. */
function namesIn(prefix: string): ReadonlySet<unknown> {
  return new Set(Object.entries(registry).flatMap(([constant, name]) => (constant.startsWith(prefix) ? [name] : [])));
}

const NAMES = namesIn('ATTR_');
const METRICS = namesIn('METRIC_');
const EVENTS = namesIn('EVENT_');

export function isRegistered(attribute: string): boolean {
  return NAMES.has(attribute);
}

export function isRegisteredMetric(metric: string): boolean {
  return METRICS.has(metric);
}

export function isRegisteredEvent(event: string): boolean {
  return EVENTS.has(event);
}

/** Undefined if the registry has no example. */
export function registeredType(attribute: string): ValueType | undefined {
  return TYPES.get(attribute);
}

/** The words that the registry lists for an attribute. Empty if it lists none. */
export function registeredWords(attribute: string): unknown[] {
  const prefix = `${attribute.replaceAll('.', '_').toUpperCase()}_VALUE_`;
  return Object.entries(registry).flatMap(([constant, word]) => (constant.startsWith(prefix) ? [word] : []));
}

/** Undefined for structured values, whose examples have several lines. Spans have them as JSON text. */
function typeOf(example: string): ValueType | undefined {
  if (example.startsWith('[')) return /^\["[^"]*"(?:, "[^"]*")*\]$/.test(example) ? 'string[]' : undefined;
  if (/^-?\d+$/.test(example)) return 'int';
  return /^-?\d+\.\d+$/.test(example) ? 'double' : 'string';
}
