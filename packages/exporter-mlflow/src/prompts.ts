import { isRecord, parseJson } from './attributes.js';
import type { MlflowPrompt, MlflowPromptMessage, MlflowPromptReference } from './client-types.js';
import { MlflowError } from './mlflow-error.js';
import type { WireModelVersion } from './wire-types.js';

/**
 * MLflow keeps prompts as registered models, their text in tags of the versions: see mlflow/prompt/constants.py and
 * registry_utils.py.
 */

const IS_PROMPT = 'mlflow.prompt.is_prompt';
const TEXT = 'mlflow.prompt.text';
const TYPE = '_mlflow_prompt_type';
const RESPONSE_FORMAT = '_mlflow_prompt_response_format';
const MODEL_CONFIG = '_mlflow_prompt_model_config';
const INTERNAL = new Set([IS_PROMPT, TEXT, TYPE, RESPONSE_FORMAT, MODEL_CONFIG]);

/** On a trace: the prompts that it was made with, as Python's client writes it and the user interface reads it. */
export const LINKED_PROMPTS_TAG = 'mlflow.linkedPrompts';

/** @throws MlflowError when it is a model and no prompt; anything else for what no MLflow server answers */
export function parsePrompt(version: WireModelVersion): MlflowPrompt {
  const tags = Object.fromEntries((version.tags ?? []).map(({ key, value }) => [key, value]));
  const text = tags[TEXT];
  if (tags[IS_PROMPT] === undefined || text === undefined) {
    throw new MlflowError(`"${version.name}" is registered at MLflow as a model, not as a prompt: correct the name.`);
  }
  const responseFormat = parseJson(tags[RESPONSE_FORMAT] ?? '');
  const modelConfig = parseJson(tags[MODEL_CONFIG] ?? '');
  return {
    name: version.name,
    version: Number(version.version),
    template: tags[TYPE] === 'chat' ? (JSON.parse(text) as MlflowPromptMessage[]) : text,
    aliases: version.aliases ?? [],
    tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !INTERNAL.has(key))),
    ...(version.description ? { commitMessage: version.description } : {}),
    ...(responseFormat === undefined ? {} : { responseFormat }),
    ...(isRecord(modelConfig) ? { modelConfig } : {}),
  };
}

/** The new value of the tag; `undefined` when all of them are in it. */
export function addLinkedPrompts(
  current: string | undefined,
  prompts: readonly MlflowPromptReference[],
): string | undefined {
  const parsed = parseJson(current ?? '[]');
  const linked: unknown[] = Array.isArray(parsed) ? parsed : [];
  const isLinked = ({ name, version }: MlflowPromptReference): boolean =>
    linked.some((entry) => isRecord(entry) && entry['name'] === name && entry['version'] === String(version));
  const added = prompts.filter((prompt) => !isLinked(prompt));
  if (added.length === 0) return undefined;
  return JSON.stringify([...linked, ...toWireReferences(added)]);
}

export function toWireReferences(prompts: readonly MlflowPromptReference[]): { name: string; version: string }[] {
  return prompts.map(({ name, version }) => ({ name, version: String(version) }));
}
