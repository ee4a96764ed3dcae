import { isRecord, parseJson } from '../common/json.js';

/** A version of a prompt in MLflow's registry. */
export interface LinkedPrompt {
  name: string;
  version: string;
}

/** On spans a list of prompts as JSON, and in the same form a tag of their trace, as Python's client has it. */
export const LINKED_PROMPTS = 'mlflow.linkedPrompts';

/** Prompts that a span or a trace names; none when that is not what MLflow writes. */
export function readLinkedPrompts(recorded: unknown): LinkedPrompt[] {
  const list = typeof recorded === 'string' ? parseJson(recorded) : undefined;
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).flatMap(({ name, version }) => {
    const isVersion = typeof version === 'string' || typeof version === 'number';
    return typeof name === 'string' && name !== '' && isVersion ? [{ name, version: String(version) }] : [];
  });
}

/** One list of both, each prompt once. */
export function joinPrompts(some: readonly LinkedPrompt[], more: readonly LinkedPrompt[]): LinkedPrompt[] {
  const isNew = ({ name, version }: LinkedPrompt): boolean =>
    !some.some((known) => known.name === name && known.version === version);
  return [...some, ...more.filter(isNew)];
}
