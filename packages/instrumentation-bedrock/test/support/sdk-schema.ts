/**
 * Makes requests and answers from the schemas that the SDK's clients export, with a text of the test in every place of a
 * text. The schemas are arrays: `[kind, namespace, name, traits, …]`; members are schemas, or `[schema, traits]`.
 */

import type { SimulatedResponse, StreamEvent } from 'bedrock-simulator';

/** Returns the text for a place. @param path names of members, from the request or the answer on. */
export type TextAt = (path: readonly string[]) => string;

/** An operation of a client, and its command. */
export interface SdkOperation {
  readonly name: string;
  readonly Command: new (input: never) => object;
  /** Inputs that have, together, each member of each union. */
  inputs(text: TextAt): unknown[];
  /** Answers that have, together, each member of each union. Streams also have every kind of error. */
  answers(text: TextAt): SimulatedResponse[];
}

type Ref = unknown;
type Traits = Readonly<Record<string, unknown>>;
type Structure = readonly [number, string, string, unknown, readonly string[], readonly Ref[]];

const KIND = { list: 1, map: 2, structure: 3, union: 4, operation: 9, error: -3 } as const;
const SIMPLE = { string: 0, number: 1, boolean: 2, timestamp: 4, dateTime: 5, httpDate: 6, seconds: 7, document: 15 };
const BLOBS = [21, 42];
/** A structure without members. */
const UNIT = 'unit';
const LIST_OF = 64;
const MAP_OF = 128;
const BITS = { httpPayload: 16, httpResponseCode: 32 };

/** Structures of which an object has one member besides those of a text, as if they were unions. */
const LIKE_UNIONS = new Set(['Observation', 'InvocationInput']);

/** What is made: an object of the SDK, or JSON of the wire. */
interface Making {
  readonly isWire: boolean;
  readonly text: TextAt;
  /** Structures on the way to this place, because some contain themselves. */
  readonly within: readonly string[];
}

export function operationsOf(module: Readonly<Record<string, unknown>>): SdkOperation[] {
  return Object.values(module).flatMap((schema) => {
    if (!Array.isArray(schema) || schema[0] !== KIND.operation) return [];
    const [, , name, , input, output] = schema as [number, string, string, unknown, Ref, Ref];
    const Command = module[`${name}Command`] as SdkOperation['Command'];
    const making = { text: (): string => '', within: [] };
    return [
      {
        name,
        Command,
        inputs: (text: TextAt) => alternatives(input, ['request'], { ...making, text, isWire: false }),
        answers: (text: TextAt) => answersOf(structureOf(output), { ...making, text, isWire: true }),
      },
    ];
  });
}

function answersOf(output: Structure, making: Making): SimulatedResponse[] {
  const members = membersOf(output);
  const headers = members.flatMap(({ name, traits }) => {
    const header = traits['httpHeader'];
    // A header has only visible signs of ASCII.
    return typeof header === 'string' ? [[header, making.text(['answer', name])] as const] : [];
  });
  const fixed = { headers: Object.fromEntries(headers) };
  const payload = members.find(({ traits }) => traits['httpPayload'] !== undefined);
  if (payload && isStream(payload.schema)) {
    return streamsOf(structureOf(payload.schema), making).map((events) => ({ ...fixed, events }));
  }
  if (payload && isBlob(payload.schema)) {
    const { text } = making;
    const [json, plain] = [JSON.stringify(documentOf(text, ['answer'])), text(['answer', payload.name])];
    const lines = `event: message\ndata: ${json}\n\ndata: ${plain}\n\n: ${plain}\n\n`;
    return [
      { ...fixed, body: plain },
      { headers: { ...fixed.headers, 'content-type': 'application/json' }, body: json },
      { headers: { ...fixed.headers, 'content-type': 'text/event-stream' }, body: lines },
    ];
  }
  if (payload) {
    const bodies = alternatives(payload.schema, ['answer', payload.name], { ...making, isWire: false });
    return bodies.map((body) => ({ ...fixed, body }));
  }
  return alternatives(output, ['answer'], making).map((body) => ({ ...fixed, body }));
}

/** One stream with every kind of event; one for each kind of error, after the first events. */
function streamsOf(union: Structure, making: Making): StreamEvent[][] {
  const kinds = membersOf(union).map(({ name, schema }) => {
    const isError = structureOf(schema)[0] === KIND.error;
    const events = alternatives(schema, ['events', name], making).map(
      (payload): StreamEvent => ({ type: name, messageType: isError ? 'exception' : 'event', payload }),
    );
    return { isError, events };
  });
  const good = kinds.filter(({ isError }) => !isError).flatMap(({ events }) => events);
  const errors = kinds.filter(({ isError }) => isError).flatMap(({ events }) => events);
  return [good, ...errors.map((error) => [...good.slice(0, 2), error])];
}

/** Values for a schema, until each member of each union within has been in one. */
function alternatives(ref: Ref, path: readonly string[], making: Making): unknown[] {
  const schema = resolved(ref);
  if (isBlob(schema) && !making.isWire) {
    const json = JSON.stringify(documentOf(making.text, path));
    return [making.text(path), json].map((bytes) => new Uint8Array(Buffer.from(bytes)));
  }
  if (typeof schema === 'number') return [simple(schema, path, making)];
  if (schema === UNIT) return [{}];
  const [kind, , name] = schema as unknown as Structure;
  if (kind === 0) return alternatives((schema as unknown[])[4], path, making);
  if (kind === KIND.list) return [alternatives((schema as unknown[])[4], path, making)];
  if (kind === KIND.map) {
    const key = making.text([...path, 'key']);
    return alternatives((schema as unknown[])[5], [...path, 'value'], making).map((value) => ({ [key]: value }));
  }
  if (making.within.includes(name)) return [undefined];
  const inside: Making = { ...making, within: [...making.within, name] };
  const made = membersOf(schema as unknown as Structure)
    .filter(({ schema: member }) => !isStream(member))
    .map(({ name: member, schema: of }) => ({ member, of, values: alternatives(of, [...path, member], inside) }));
  if (kind === KIND.union) return made.flatMap(({ member, values }) => values.map((value) => ({ [member]: value })));
  const isText = ({ of }: { of: Ref }): boolean => typeof resolved(of) === 'number';
  if (LIKE_UNIONS.has(name)) {
    const texts = made.filter(isText);
    return made.filter((each) => !isText(each)).flatMap((each) => zipped([...texts, each]));
  }
  return zipped(made);
}

/** Objects with all members; the nth object has the nth alternative of each. */
function zipped(made: readonly { readonly member: string; readonly values: readonly unknown[] }[]): unknown[] {
  const length = Math.max(1, ...made.map(({ values }) => values.length));
  return Array.from({ length }, (_, index) =>
    Object.fromEntries(
      made
        .map(({ member, values }) => [member, values[index % values.length]] as const)
        .filter(([, value]) => value !== undefined),
    ),
  );
}

function simple(type: number, path: readonly string[], making: Making): unknown {
  const { isWire, text } = making;
  if (type >= MAP_OF) return { [text([...path, 'key'])]: simple(type - MAP_OF, path, making) };
  if (type >= LIST_OF) return [simple(type - LIST_OF, path, making)];
  if (BLOBS.includes(type)) {
    return Buffer.from(text(path)).toString('base64');
  }
  switch (type) {
    case SIMPLE.string:
      return text(path);
    case SIMPLE.boolean:
      return true;
    case SIMPLE.timestamp:
    case SIMPLE.seconds:
      return isWire ? 1_750_000_000 : new Date(1_750_000_000_000);
    case SIMPLE.dateTime:
      return isWire ? '2025-06-15T15:06:40Z' : new Date(1_750_000_000_000);
    case SIMPLE.httpDate:
      return isWire ? 'Sun, 15 Jun 2025 15:06:40 GMT' : new Date(1_750_000_000_000);
    case SIMPLE.document:
      return documentOf(text, path);
    default:
      return 7;
  }
}

/** A JSON object with texts at all levels, and in the members in which agents have their texts. */
function documentOf(text: TextAt, path: readonly string[]): object {
  const [prompt, result] = [text(path), text(path)];
  return {
    [text([...path, 'key'])]: [text(path), 7, { text: text(path) }],
    prompt,
    result,
    message: { content: result },
  };
}

function isBlob(ref: Ref): boolean {
  const schema = resolved(ref);
  if (typeof schema === 'object' && schema[0] === 0) return isBlob(schema[4]);
  return typeof schema === 'number' && BLOBS.includes(schema);
}

function resolved(ref: Ref): number | typeof UNIT | readonly unknown[] {
  if (typeof ref === 'function') return resolved(ref());
  if (typeof ref === 'number' || ref === UNIT) return ref;
  // A member: its schema and traits.
  return Array.isArray(ref) && typeof ref[1] !== 'string' ? resolved(ref[0]) : (ref as readonly unknown[]);
}

function structureOf(ref: Ref): Structure {
  return resolved(ref) as unknown as Structure;
}

function membersOf([, , , , names, schemas]: Structure): { name: string; schema: Ref; traits: Traits }[] {
  return names.map((name, index) => ({ name, schema: schemas[index], traits: traitsOf(schemas[index]) }));
}

/** The traits of a member. A number has one bit for each of those that have no value. */
function traitsOf(ref: Ref): Traits {
  if (!Array.isArray(ref) || typeof ref[1] === 'string') return {};
  const traits: unknown = ref[1];
  if (typeof traits === 'object' && traits !== null) return traits as Traits;
  const bits = Number(traits) || 0;
  return Object.fromEntries(Object.entries(BITS).filter(([, bit]) => (bits & bit) !== 0));
}

function isStream(ref: Ref): boolean {
  const schema = resolved(ref);
  if (typeof schema !== 'object') return false;
  const traits = schema[3];
  return schema[0] === KIND.union && typeof traits === 'object' && traits !== null && 'streaming' in traits;
}
