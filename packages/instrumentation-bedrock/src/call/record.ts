/** What is recorded of one request and its answer: as far as settings and the application's hooks let it pass. */

import type { Attributes } from '@opentelemetry/api';
import { type JsonValue, toJson } from '../data/json.js';
import type { BedrockContent, ResolvedConfig } from '../data/settings.js';
import type { Dialect } from '../dialects/dialect.js';
import type { Moment, OperationAnswer, OperationRequest, ShownChunk } from '../operations/common/operation.js';
import { hookedFacts, recordableFacts } from '../span/facts.js';
import type { SpanWriter } from '../span/writer.js';
import { hookedAnswerFacts, hookedRequestFacts, recordedAnswer, recordedRequest } from './describe.js';
import type { CallHooks } from './hooks.js';

export class CallRecord {
  readonly writer: SpanWriter;
  readonly #hooks: CallHooks;
  readonly #words: ResolvedConfig['foreignWords'];

  constructor(parts: { writer: SpanWriter; hooks: CallHooks; words: ResolvedConfig['foreignWords'] }) {
    this.writer = parts.writer;
    this.#hooks = parts.hooks;
    this.#words = parts.words;
  }

  /** @param read called only if content is recorded. */
  prepare(kind: BedrockContent['kind'], read: () => JsonValue | undefined): JsonValue | undefined {
    return this.#hooks.prepare(kind, read);
  }

  writeFacts(facts: Attributes): void {
    this.writer.writeFacts(recordableFacts(facts, this.#words));
  }

  /**
   * @param content a copy of the request, as `contentHook` has edited it; undefined if no content is recorded.
   * @param dialect the request's dialect, or the one that the answer has shown.
   */
  addRequest(request: OperationRequest, dialect: Dialect, content: JsonValue | undefined): void {
    if (content === undefined) return;
    this.#writeHooked(() => hookedRequestFacts(request, dialect, content));
    this.writer.addRequest(recordedRequest(request, dialect, content));
  }

  addAnswer(answer: OperationAnswer): void {
    for (const moment of answer.moments ?? []) this.#addMoment(moment);
    const content = this.prepare('response', answer.content);
    if (content === undefined) return;
    this.#writeHooked(() => hookedAnswerFacts(answer, content));
    this.writer.addAnswer(recordedAnswer(answer, content));
  }

  writeChunk({ name, value }: ShownChunk, maxMediaBytes: number): void {
    const shown = this.prepare('chunk', () => toJson(value, { maxMediaBytes }));
    if (shown !== undefined) this.writer.writeChunk(name, shown);
  }

  #addMoment({ name, time, facts, content }: Moment): void {
    const shown = this.prepare('chunk', content);
    this.writer.writeMoment({ name, time, facts: recordableFacts(facts, this.#words) }, shown);
  }

  /** @param read returns facts that were read from what `contentHook` returned; called only if there is a hook. */
  #writeHooked(read: () => Attributes): void {
    if (this.#words === 'hooked') this.writer.writeFacts(hookedFacts(read()));
  }
}
