import { MlflowError } from '../common/error.js';
import { isRecord, parseJson } from '../common/json.js';
import { command, keyed, optional, pairs, type Rest, type RestResult, requireText } from './rest.js';
import type { MlflowPrompt, MlflowPromptInput, MlflowPromptMessage, MlflowPromptSelection } from './types.js';
import type { WireModelVersion, WireRegisteredModel } from './wire-types.js';

/**
 * MLflow keeps prompts as registered models and their text in tags of the versions: see mlflow/prompt/constants.py and
 * registry_utils.py.
 */

const MODELS = '/api/2.0/mlflow/registered-models';
const VERSIONS = '/api/2.0/mlflow/model-versions';
const IS_PROMPT = 'mlflow.prompt.is_prompt';
const TEXT = 'mlflow.prompt.text';
const TYPE = '_mlflow_prompt_type';
const RESPONSE_FORMAT = '_mlflow_prompt_response_format';
const MODEL_CONFIG = '_mlflow_prompt_model_config';
const INTERNAL = new Set([IS_PROMPT, TEXT, TYPE, RESPONSE_FORMAT, MODEL_CONFIG]);

/** A version by its number. Fails with `RESOURCE_DOES_NOT_EXIST` if there is none. */
export function getPromptVersion(
  rest: Rest,
  name: string,
  version: Required<MlflowPromptSelection>['version'],
): Promise<RestResult<MlflowPrompt>> {
  const query = { name, version: String(version) };
  return rest.call({ method: 'GET', path: `${VERSIONS}/get`, query, parse });
}

/** A version by its alias. Fails with `INVALID_PARAMETER_VALUE` if there is no such alias. */
export function getPromptByAlias(rest: Rest, name: string, alias: string): Promise<RestResult<MlflowPrompt>> {
  return rest.call({ method: 'GET', path: `${MODELS}/alias`, query: { name, alias }, parse });
}

/** Registers a prompt without a version. Fails with `RESOURCE_ALREADY_EXISTS` if the name is taken. */
export function createPrompt(rest: Rest, name: string): Promise<RestResult<void>> {
  return command(rest, 'POST', `${MODELS}/create`, { name, tags: pairs({ [IS_PROMPT]: 'true' }) });
}

/** Succeeds if a prompt has this name, and fails if a model has it. */
export function requirePrompt(rest: Rest, name: string): Promise<RestResult<void>> {
  return rest.call({
    method: 'GET',
    path: `${MODELS}/get`,
    query: { name },
    parse({ registered_model: model }: { registered_model: WireRegisteredModel }) {
      const { tags = [] } = model;
      if (!tags.some(({ key }) => key === IS_PROMPT)) throw notPrompt(requireText(model.name));
    },
  });
}

/** Adds a version to a prompt. */
export function createPromptVersion(
  rest: Rest,
  name: string,
  input: MlflowPromptInput,
): Promise<RestResult<MlflowPrompt>> {
  const body = buildVersion(name, input);
  return rest.call({ method: 'POST', path: `${VERSIONS}/create`, body, once: true, parse });
}

/** Points the alias to a version. An existing alias moves to this version. */
export function setPromptAlias(
  rest: Rest,
  name: string,
  alias: string,
  version: number | string,
): Promise<RestResult<void>> {
  return command(rest, 'POST', `${MODELS}/alias`, { name, alias, version: String(version) });
}

/** A version of a prompt in MLflow's registry. */
interface LinkedPrompt {
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

/** Versions of prompts, each once. A trace can have thousands, one by one. */
export type PromptSet = Map<string, LinkedPrompt>;

/** Adds those that are not in the set yet. */
export function addPrompts(known: PromptSet, more: readonly LinkedPrompt[]): void {
  for (const prompt of more) {
    const key = JSON.stringify([prompt.name, prompt.version]);
    if (!known.has(key)) known.set(key, prompt);
  }
}

function parse({ model_version: version }: { model_version: WireModelVersion }): MlflowPrompt {
  const name = requireText(version.name);
  const tags = keyed(version.tags);
  const text = tags[TEXT];
  if (tags[IS_PROMPT] === undefined || text === undefined) throw notPrompt(name);
  const modelConfig = parseJson(tags[MODEL_CONFIG] ?? '');
  return {
    name,
    version: Number(version.version),
    template: tags[TYPE] === 'chat' ? (JSON.parse(text) as MlflowPromptMessage[]) : text,
    aliases: version.aliases ?? [],
    tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !INTERNAL.has(key))),
    ...optional('commitMessage', version.description || undefined),
    ...optional('responseFormat', parseJson(tags[RESPONSE_FORMAT] ?? '')),
    ...optional('modelConfig', isRecord(modelConfig) ? modelConfig : undefined),
  };
}

function buildVersion(name: string, input: MlflowPromptInput): object {
  const { template, commitMessage, tags = {}, responseFormat, modelConfig } = input;
  const isText = typeof template === 'string';
  return {
    name,
    // The server requires a source for every version, and accepts this one for a prompt.
    source: 'dummy-source',
    ...optional('description', commitMessage),
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

function notPrompt(name: string): MlflowError {
  return new MlflowError(`"${name}" is registered at MLflow as a model, not as a prompt: correct the name.`);
}
