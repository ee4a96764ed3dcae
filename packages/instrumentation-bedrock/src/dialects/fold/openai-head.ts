/** Collects what the chunks of OpenAI's two formats have beside their choices. */

import { asObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { LastMembers } from './pieces/last-members.js';
import { type FoldOptions, isOfService } from './stream-fold.js';

/** Members of a chunk that are no members of the answer. `obfuscation` is padding of random length. */
const OF_CHUNK = new Set(['choices', 'usage', 'object', 'obfuscation']);
/** Members that are no content. */
const FACTS = new Set(['id', 'model', 'created', 'service_tier', 'system_fingerprint']);

export class OpenAiHead {
  readonly #content: boolean;
  readonly #facts: JsonObject = {};
  readonly #others = new LastMembers();
  #usage: JsonObject | undefined;

  constructor({ content }: FoldOptions) {
    this.#content = content;
  }

  /** @param isComplete whether the answer is complete with this chunk. Before, its output count is not final. */
  add(chunk: JsonObject, isComplete: boolean): void {
    for (const name in chunk) {
      // The service can send its metrics in a chunk of their own, which has neither id nor model.
      if (FACTS.has(name)) this.#facts[name] ??= chunk[name];
      else if (this.#content && !OF_CHUNK.has(name) && !isOfService(name)) this.#others.addKnown(name, chunk[name]);
    }
    // Jamba sends a growing usage on every chunk, other models send one at the end. The last one counts.
    const usage = asObject(chunk['usage']);
    if (usage) this.#usage = isComplete ? usage : withoutOutput(usage);
  }

  /** Returns the body with these choices. */
  body(choices: JsonValue[]): JsonObject {
    const body: JsonObject = { ...this.#facts };
    this.#others.writeTo(body);
    body['choices'] = choices;
    body['usage'] = this.#usage;
    return body;
  }
}

/** Input counts are final from the start. Output counts grow until the answer is complete. */
function withoutOutput(usage: JsonObject): JsonObject {
  const { completion_tokens, completion_tokens_details, total_tokens, ...input } = usage;
  return input;
}
