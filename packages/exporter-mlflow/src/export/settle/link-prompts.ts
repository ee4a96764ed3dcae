import type { Failure } from '../../http/exchange/outcome.js';
import { LIMITS } from '../../mlflow/names.js';
import type { Rest } from '../../mlflow/rest.js';
import { linkPromptsToTrace } from '../../mlflow/traces.js';
import type { Trace } from '../trace/trace.js';

/** The tag of the record shows the prompts on the trace. Only with this link the server finds traces by prompt. */
export async function linkPrompts({ id, facts }: Trace, rest: Rest): Promise<Failure | undefined> {
  // The column cannot hold longer ones, and a single one of them makes PostgreSQL refuse the others.
  const linkable = [...(facts.prompts?.values() ?? [])].filter(
    ({ name, version }) => `${name}/${version}`.length <= LIMITS.promptVersion,
  );
  if (linkable.length === 0) return undefined;
  const linked = await linkPromptsToTrace(rest, id, linkable);
  // A server without this route has the tag.
  return linked.kind === 'retryable' ? linked : undefined;
}
