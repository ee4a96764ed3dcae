/** What a span of another instrumentation lacks of a call in the format of Anthropic's Messages. */

import type { Attributes, Span } from '@opentelemetry/api';
import { asMembers, asObject, type JsonObject, type JsonValue, toJson } from '../data/json.js';
import { ATTR_MLFLOW_MESSAGE_FORMAT } from '../data/semconv.js';
import type { ResolvedConfig } from '../data/settings.js';
import { anthropicMessages as dialect } from '../dialects/anthropic-messages.js';
import { createFold } from '../dialects/index.js';
import { addParameters, addResponse } from '../span/attributes.js';
import { ContentRecord } from '../span/content-record.js';
import { hookedFacts, recordableFacts } from '../span/facts.js';
import { CallHooks, type Report } from './hooks.js';

/** The name of the operation for `contentHook`. */
const OPERATION = 'Messages';

/**
 * Writes parameters, request, answer and finish reason to a span that another instrumentation starts and ends. Content
 * follows the same switches as that of Bedrock's calls. Does not write token usage and errors.
 */
export class MessagesRecord {
  readonly #span: Span;
  readonly #config: ResolvedConfig;
  readonly #hooks: CallHooks;

  /** @param body the request, whose member `model` names the model. Is written at once. */
  constructor(span: Span, body: JsonObject, { config, report }: { config: ResolvedConfig; report: Report }) {
    this.#span = span;
    this.#config = config;
    const modelId = typeof body['model'] === 'string' ? body['model'] : undefined;
    this.#hooks = new CallHooks({ operation: OPERATION, modelId }, { config, report });
    this.#writeRequest(body);
  }

  /** Collects the events of a streamed answer. */
  createFold(): ReturnType<typeof createFold> {
    const { contentOnSpans: content, maxRecordLength: maxLength, maxMediaBytes } = this.#config;
    return createFold(dialect, { content, maxLength, maxMediaBytes });
  }

  /** Writes the answer. Does nothing if the span has ended. */
  answered(message: JsonObject): void {
    if (!this.#span.isRecording()) return;
    const facts: Attributes = {};
    const { finishReasons } = dialect.readResponse(message);
    addResponse(facts, { finishReasons });
    this.#writeFacts(facts);
    const content = asObject(this.#prepare('response', message));
    if (content === undefined) return;
    this.#writeHooked((hooked) => addResponse(hooked, { finishReasons: dialect.readResponse(content).finishReasons }));
    this.#writeContent((record) => {
      record.answer = {
        content,
        read: (recorded) => ({ messages: dialect.readOutput(asMembers(recorded)), details: undefined }),
        show: (recorded) => dialect.chatView.response(asMembers(recorded)),
      };
    });
  }

  #writeRequest(body: JsonObject): void {
    const facts: Attributes = {};
    addParameters(facts, dialect.readParameters(body));
    this.#writeFacts(facts);
    const content = this.#prepare('request', body);
    if (content === undefined) return;
    this.#writeHooked((hooked) => addParameters(hooked, dialect.readParameters(asMembers(content))));
    if (this.#config.mlflowContent) this.#span.setAttribute(ATTR_MLFLOW_MESSAGE_FORMAT, dialect.chatView.format);
    this.#writeContent((record) => {
      record.request = {
        content,
        read(recorded) {
          const read = asMembers(recorded);
          const { stopSequences } = dialect.readParameters(read);
          return { input: dialect.readInput(read), tools: dialect.readTools(read), stopSequences, details: undefined };
        },
        show: (recorded) => dialect.chatView.request(asMembers(recorded)),
      };
    });
  }

  #writeFacts(facts: Attributes): void {
    this.#span.setAttributes(recordableFacts(facts, this.#config.foreignWords));
  }

  /** Writes words that are read from what `contentHook` returned. */
  #writeHooked(add: (facts: Attributes) => void): void {
    if (this.#config.foreignWords !== 'hooked') return;
    const facts: Attributes = {};
    add(facts);
    this.#span.setAttributes(hookedFacts(facts));
  }

  #prepare(kind: 'request' | 'response', body: JsonObject): JsonValue | undefined {
    if (!this.#config.contentOnSpans) return undefined;
    return this.#hooks.prepare(kind, () => toJson(body, { maxMediaBytes: this.#config.maxMediaBytes }));
  }

  #writeContent(fill: (record: ContentRecord) => void): void {
    const record = new ContentRecord(this.#config);
    fill(record);
    // Request and answer can each have a half of the record.
    this.#span.setAttributes(record.write(this.#config.maxRecordLength / 2).attributes);
  }
}
