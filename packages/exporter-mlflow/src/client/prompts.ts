import { MlflowError } from '../common/error.js';
import { ownText } from '../common/shown-text.js';
import { LINKED_PROMPTS } from '../mlflow/names.js';
import {
  addPrompts,
  createPrompt,
  createPromptVersion,
  getPromptByAlias,
  getPromptVersion,
  type PromptSet,
  readLinkedPrompts,
  requirePrompt,
} from '../mlflow/prompts.js';
import { getTraceInfo, linkPromptsToTrace, setTraceTag } from '../mlflow/traces.js';
import type { MlflowPrompt, MlflowPromptInput, MlflowPromptReference, MlflowPromptSelection } from '../mlflow/types.js';
import { type ClientRequests, hasCode } from './requests.js';
import { changeTrace } from './traces.js';

/** The selected version of a prompt, the newest one by default. */
export function findPrompt(
  requests: ClientRequests,
  name: string,
  { version, alias = 'latest' }: MlflowPromptSelection,
): Promise<MlflowPrompt> {
  return requests.run((rest) =>
    version === undefined ? getPromptByAlias(rest, name, alias) : getPromptVersion(rest, name, version),
  );
}

/** Adds a version to a prompt, which it registers first if there is none of this name. */
export async function registerPromptVersion(
  requests: ClientRequests,
  name: string,
  input: MlflowPromptInput,
): Promise<MlflowPrompt> {
  // The server accepts any name, but Python's client, which may use the same prompts, accepts only these.
  if (!/^[\w.-]+$/.test(name)) {
    throw new MlflowError(`"${ownText(name)}" cannot be the name of a prompt: use letters, digits, ".", "-" and "_".`);
  }
  try {
    await requests.run((rest) => createPrompt(rest, name));
  } catch (error) {
    if (!hasCode(error, 'RESOURCE_ALREADY_EXISTS')) throw error;
    await requests.run((rest) => requirePrompt(rest, name));
  }
  return await requests.run((rest) => createPromptVersion(rest, name, input));
}

/** Links prompt versions to a trace, for searches and on its page. */
export async function linkPrompts(
  requests: ClientRequests,
  traceId: string,
  prompts: readonly MlflowPromptReference[],
): Promise<void> {
  const linked = prompts.map(({ name, version }) => ({ name, version: String(version) }));
  await changeTrace(requests, traceId, (rest) => linkPromptsToTrace(rest, traceId, linked));
  // The link serves searches, and this tag the page of the trace. Python's client writes both, too.
  const { tags } = await requests.run((rest) => getTraceInfo(rest, traceId));
  const all: PromptSet = new Map();
  addPrompts(all, readLinkedPrompts(tags[LINKED_PROMPTS]));
  const { size } = all;
  addPrompts(all, linked);
  if (all.size === size) return;
  await requests.run((rest) => setTraceTag(rest, traceId, LINKED_PROMPTS, JSON.stringify([...all.values()])));
}
