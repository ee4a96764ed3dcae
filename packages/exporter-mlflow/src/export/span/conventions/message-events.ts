import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { quoteUnsafeIntegers } from '../../../common/integers.js';
import { parseJson } from '../../../common/json.js';

interface MessageEvent {
  name: string;
  attributes?: Attributes | undefined;
}

const PROMPT: readonly [event: string, attribute: string] = ['gen_ai.content.prompt', 'gen_ai.prompt'];
const COMPLETION: readonly [event: string, attribute: string] = ['gen_ai.content.completion', 'gen_ai.completion'];
const INPUT_ROLES: Readonly<Record<string, string>> = {
  'gen_ai.system.message': 'system',
  'gen_ai.user.message': 'user',
  'gen_ai.assistant.message': 'assistant',
};

/**
 * The input of a span that records it in events, as earlier versions of the GenAI conventions have it. Reads what servers
 * read: see `get_input_value_from_events` in mlflow/tracing/otel/translation.
 */
export function inputOfEvents(events: readonly MessageEvent[]): AttributeValue | undefined {
  return recordedIn(events, PROMPT) ?? messagesOf(events, (name) => INPUT_ROLES[name]);
}

/** The same for its output. */
export function outputOfEvents(events: readonly MessageEvent[]): AttributeValue | undefined {
  return (
    recordedIn(events, COMPLETION) ??
    messagesOf(events, (name, { role }) => (name === 'gen_ai.choice' ? (decode(role) ?? 'assistant') : undefined))
  );
}

function recordedIn(events: readonly MessageEvent[], [name, attribute]: typeof PROMPT): AttributeValue | undefined {
  return events.find((event) => event.name === name && event.attributes?.[attribute])?.attributes?.[attribute];
}

/** The JSON of the messages with content; undefined if there are none. */
function messagesOf(
  events: readonly MessageEvent[],
  roleOf: (name: string, attributes: Attributes) => unknown,
): string | undefined {
  const messages = events.flatMap(({ name, attributes = {} }) => {
    const role = roleOf(name, attributes);
    return role === undefined || !attributes['content'] ? [] : [{ role, content: decode(attributes['content']) }];
  });
  return messages.length === 0 ? undefined : JSON.stringify(messages);
}

function decode(value: AttributeValue | undefined): unknown {
  return typeof value === 'string' ? (parseJson(quoteUnsafeIntegers(value)) ?? value) : value;
}
