/** Credentials in requests: settings by which the service reaches models and tools of others. */

import { asObject, type JsonObject, type JsonValue, setMember } from '../../data/json.js';

const REDACTED = '[redacted]';

/** Members whose values can be credentials, whatever their names are: headers, OAuth parameters, secrets of containers. */
const SECRET_MEMBERS: ReadonlySet<string> = new Set(['headers', 'customParameters', 'authorization', 'domain_secrets']);
const ADDRESSES: ReadonlySet<string> = new Set(['url', 'apiBase', 'server_url']);
/** Schemas of functions can have parameters of any name. */
const SCHEMAS: ReadonlySet<string> = new Set(['inlineFunction', 'parameters', 'input_schema']);

/**
 * Hides what can be credentials: headers, tokens and secrets of tools, and parts of addresses.
 *
 * @param content a copy of an input or an output.
 * @param names of the members to look into. Messages and prompts can have members with the names of secrets.
 */
export function withoutSecrets(content: JsonValue, names: readonly string[]): JsonValue {
  const members = asObject(content);
  if (!members || names.every((name) => members[name] === undefined)) return content;
  const hidden: JsonObject = { ...members };
  for (const name of names) if (members[name] !== undefined) hidden[name] = hideIn(members[name]);
  return hidden;
}

function hideIn(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(hideIn);
  const object = asObject(value);
  if (!object) return value;
  const hidden: JsonObject = {};
  for (const [name, member] of Object.entries(object)) setMember(hidden, name, hideMember(name, member ?? null));
  return hidden;
}

function hideMember(name: string, member: JsonValue): JsonValue {
  if (SCHEMAS.has(name)) return member;
  if (SECRET_MEMBERS.has(name)) return hideValues(member);
  return ADDRESSES.has(name) && typeof member === 'string' ? hideInAddress(member) : hideIn(member);
}

/** Keeps the names of members, and how many secrets a list has. */
function hideValues(value: JsonValue): JsonValue {
  if (value === null) return value;
  if (Array.isArray(value)) return value.map(() => REDACTED);
  const members = asObject(value);
  return members ? Object.fromEntries(Object.keys(members).map((name) => [name, REDACTED])) : REDACTED;
}

/** Keeps host and path. A user, a password and parameters can be credentials. */
function hideInAddress(address: string): string {
  if (!URL.canParse(address)) return REDACTED;
  const { protocol, host, pathname, search } = new URL(address);
  return `${protocol}//${host}${pathname}${search && `?${REDACTED}`}`;
}
