import { isRecord, parseJson } from '../common/json.js';

/** A version of a prompt in MLflow's registry. */
export interface LinkedPrompt {
  name: string;
  version: string;
}

/** Prompts in the attribute or tag `mlflow.linkedPrompts`; none if MLflow could not have written this value. */
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
