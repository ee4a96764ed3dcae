import type { WireAnyValue, WireKeyValue } from './wire-types.js';

/** Attributes of the server's answer as plain values; recorded JSON comes back as the objects it stands for. */
export function parseAttributes(attributes: readonly WireKeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, parseValue(value ?? {})]));
}

function parseValue(value: WireAnyValue): unknown {
  if (value.string_value !== undefined) return value.string_value;
  if (value.bool_value !== undefined) return value.bool_value;
  if (value.int_value !== undefined) return Number(value.int_value);
  if (value.double_value !== undefined) return Number(value.double_value);
  if (value.array_value !== undefined) return (value.array_value.values ?? []).map(parseValue);
  if (value.kvlist_value !== undefined) return parseAttributes(value.kvlist_value.values);
  return null;
}

/** Base64, as in the server's answers, to lower-case hexadecimal, as everywhere else. */
export function parseId(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}
