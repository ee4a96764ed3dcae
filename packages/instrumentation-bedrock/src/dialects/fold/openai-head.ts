/** Collects what the chunks of OpenAI's two formats have beside their choices. */

import { asObject, type JsonObject, type JsonValue } from '../../data/json.js';

export class OpenAiHead {
  #id: JsonValue | undefined;
  #model: JsonValue | undefined;
  #usage: JsonObject | undefined;

  add(chunk: JsonObject): void {
    // The service can send its metrics in a chunk of their own, which has neither id nor model.
    this.#id ??= chunk['id'];
    this.#model ??= chunk['model'];
    // Jamba sends a growing usage on every chunk, other models send one at the end. The last one counts.
    this.#usage = asObject(chunk['usage']) ?? this.#usage;
  }

  /** Returns the body with these choices. Leaves out the output count of an answer that is not complete. */
  body(choices: JsonValue[], isComplete: boolean): JsonObject {
    const usage = isComplete ? this.#usage : withoutOutput(this.#usage);
    return { id: this.#id, model: this.#model, choices, usage };
  }
}

/** Input counts are final from the start. Output counts grow until the answer is complete. */
function withoutOutput(usage: JsonObject | undefined): JsonObject | undefined {
  if (!usage) return undefined;
  const { completion_tokens, completion_tokens_details, total_tokens, ...input } = usage;
  return input;
}
