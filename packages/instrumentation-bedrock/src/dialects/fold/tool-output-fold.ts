/** The folds for the outputs of tools that AgentCore runs: the code interpreter, and commands in a runtime. */

import { asArray, asMembers, asObject, asString, firstKey, type JsonObject, type JsonValue } from '../../data/json.js';
import { LastMembers } from './pieces/last-members.js';
import { OtherEvents } from './pieces/other-events.js';
import { addPiece, type StreamedText } from './pieces/streamed-text.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

const OUTPUTS = ['stdout', 'stderr'] as const;

/** What a process writes, in pieces, and what is known at its end. */
class ProcessOutput {
  readonly #content: boolean;
  readonly #texts = new Map<string, StreamedText>();
  readonly #last = new LastMembers();

  constructor({ content }: FoldOptions) {
    this.#content = content;
  }

  add(members: JsonObject): void {
    for (const name in members) {
      const text = OUTPUTS.some((output) => output === name) ? asString(members[name]) : undefined;
      if (text === undefined) this.#last.add(name, members[name]);
      else if (this.#content) this.#texts.set(name, addPiece(this.#texts.get(name), text));
    }
  }

  finish(): JsonObject {
    const texts = [...this.#texts].map(([name, text]) => [name, text.toString()]);
    return { ...Object.fromEntries(texts), ...this.#last.finish() };
  }
}

/** The answer is the result of the tool: `{content, structuredContent, isError}`. */
export function createCodeInterpreterFold(options: FoldOptions): StreamFold {
  const content: JsonValue[] = [];
  const structured = new ProcessOutput(options);
  const others = new OtherEvents(['result']);
  let isError: JsonValue | undefined;
  let hasResult = false;
  return {
    add(event) {
      const result = asObject(event['result']);
      if (options.content) others.add(event);
      if (!result) return;
      hasResult = true;
      isError = result['isError'] ?? isError;
      structured.add(asMembers(result['structuredContent']));
      if (options.content) for (const item of asArray(result['content'])) content.push(item);
    },
    body() {
      const body: JsonObject = {};
      if (content.length > 0) body['content'] = content;
      const process = structured.finish();
      if (firstKey(process) !== undefined) body['structuredContent'] = process;
      if (isError !== undefined) body['isError'] = isError;
      others.writeTo(body);
      return hasResult || firstKey(body) !== undefined ? body : undefined;
    },
    isComplete: () => hasResult,
  };
}

/** The answer is `{stdout, stderr, exitCode, status}`. */
export function createCommandFold(options: FoldOptions): StreamFold {
  const process = new ProcessOutput(options);
  const others = new OtherEvents(['chunk']);
  let hasStopped = false;
  return {
    add(event) {
      const chunk = asObject(event['chunk']);
      const stop = asObject(chunk?.['contentStop']);
      hasStopped ||= stop !== undefined;
      process.add({ ...asObject(chunk?.['contentDelta']), ...stop });
      if (options.content) others.add(event);
    },
    body() {
      const body = process.finish();
      others.writeTo(body);
      return firstKey(body) === undefined ? undefined : body;
    },
    isComplete: () => hasStopped,
  };
}
