import { MlflowError } from '../common/error.js';
import { joinPrompts, LINKED_PROMPTS, readLinkedPrompts } from '../export/linked-prompts.js';
import type { WireModelVersion, WireRegisteredModel } from '../mlflow/wire-types.js';
import { type ClientCalls, toMlflowTraceId } from './calls.js';
import { buildPrompt, buildPromptVersion, parsePrompt, requirePrompt } from './prompt-templates.js';
import { getTraceInfo, setTraceTag } from './traces.js';
import type { MlflowPrompt, MlflowPromptInput, MlflowPromptReference, MlflowPromptSelection } from './types.js';

// What an answer must hold to be read.
const PROMPT_NAME = 'model_version.name';

export function getPrompt(
  calls: ClientCalls,
  name: string,
  { version, alias = 'latest' }: MlflowPromptSelection,
): Promise<MlflowPrompt> {
  const call =
    version === undefined
      ? { path: '/api/2.0/mlflow/registered-models/alias', query: { name, alias } }
      : { path: '/api/2.0/mlflow/model-versions/get', query: { name, version: String(version) } };
  return calls.read<{ model_version: WireModelVersion }, MlflowPrompt>(
    { method: 'GET', ...call, needs: PROMPT_NAME },
    (answer) => parsePrompt(answer.model_version),
  );
}

export async function registerPrompt(
  calls: ClientCalls,
  name: string,
  input: MlflowPromptInput,
): Promise<MlflowPrompt> {
  const body = buildPrompt(name);
  try {
    await calls.post('/api/2.0/mlflow/registered-models/create', body);
  } catch (error) {
    if (!(error instanceof MlflowError && error.errorCode === 'RESOURCE_ALREADY_EXISTS')) throw error;
    await calls.read<{ registered_model: WireRegisteredModel }, void>(
      {
        method: 'GET',
        path: '/api/2.0/mlflow/registered-models/get',
        query: { name },
        needs: 'registered_model.name',
      },
      (answer) => requirePrompt(answer.registered_model),
    );
  }
  const path = '/api/2.0/mlflow/model-versions/create';
  return await calls.read<{ model_version: WireModelVersion }, MlflowPrompt>(
    { method: 'POST', path, body: buildPromptVersion(name, input), once: true, needs: PROMPT_NAME },
    (answer) => parsePrompt(answer.model_version),
  );
}

export async function setPromptAlias(
  calls: ClientCalls,
  name: string,
  alias: string,
  version: number | string,
): Promise<void> {
  await calls.post('/api/2.0/mlflow/registered-models/alias', { name, alias, version: String(version) });
}

export async function linkPromptsToTrace(
  calls: ClientCalls,
  traceId: string,
  prompts: MlflowPromptReference[],
): Promise<void> {
  const id = toMlflowTraceId(traceId);
  const linked = prompts.map(({ name, version }) => ({ name, version: String(version) }));
  await calls.post('/api/2.0/mlflow/traces/link-prompts', { trace_id: id, prompt_versions: linked });
  // The link serves searches; what the page of the trace shows is this tag. Python's client writes both, too.
  const { tags } = await getTraceInfo(calls, id);
  const known = readLinkedPrompts(tags[LINKED_PROMPTS]);
  const all = joinPrompts(known, linked);
  if (all.length > known.length) await setTraceTag(calls, id, LINKED_PROMPTS, JSON.stringify(all));
}
