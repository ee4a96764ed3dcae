import { isRecord, parseJson } from './attributes.js';
import type { MlflowPrompt, MlflowPromptMessage } from './client-types.js';
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
