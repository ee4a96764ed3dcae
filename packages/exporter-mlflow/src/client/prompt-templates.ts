import { MlflowError } from '../common/error.js';
import { isRecord, parseJson } from '../common/json.js';
import type { WireModelVersion, WireRegisteredModel } from '../mlflow/wire-types.js';
import { pairs } from './parse.js';
import type { MlflowPrompt, MlflowPromptInput, MlflowPromptMessage } from './types.js';

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

/** @throws MlflowError when it is a model and no prompt; anything else for what no MLflow server answers */
export function parsePrompt(version: WireModelVersion): MlflowPrompt {
  const tags = Object.fromEntries((version.tags ?? []).map(({ key, value }) => [key, value]));
  const text = tags[TEXT];
  if (tags[IS_PROMPT] === undefined || text === undefined) throw noPrompt(version.name);
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

/** @throws MlflowError when the name is that of a model */
export function requirePrompt({ name, tags = [] }: WireRegisteredModel): void {
  if (!tags.some(({ key }) => key === IS_PROMPT)) throw noPrompt(name);
}

/** The registered model that stands for the prompt as a whole; @throws MlflowError for a name that no prompt can have */
export function buildPrompt(name: string): object {
  // The server takes any name; Python's client, with which prompts are shared, takes these only.
  if (!/^[\w.-]+$/.test(name)) {
    throw new MlflowError(`"${name}" cannot be the name of a prompt: use letters, digits, ".", "-" and "_".`);
  }
  return { name, tags: pairs({ [IS_PROMPT]: 'true' }) };
}

export function buildPromptVersion(name: string, input: MlflowPromptInput): object {
  const { template, commitMessage, tags = {}, responseFormat, modelConfig } = input;
  const isText = typeof template === 'string';
  return {
    name,
    // Required of every version; this is what the server takes for one that is a prompt.
    source: 'dummy-source',
    ...(commitMessage === undefined ? {} : { description: commitMessage }),
    tags: pairs({
      ...tags,
      [IS_PROMPT]: 'true',
      [TYPE]: isText ? 'text' : 'chat',
      [TEXT]: isText ? template : JSON.stringify(template),
      ...(responseFormat === undefined ? {} : { [RESPONSE_FORMAT]: JSON.stringify(responseFormat) }),
      ...(modelConfig === undefined ? {} : { [MODEL_CONFIG]: JSON.stringify(modelConfig) }),
    }),
  };
}

function noPrompt(name: string): MlflowError {
  return new MlflowError(`"${name}" is registered at MLflow as a model, not as a prompt: correct the name.`);
}
