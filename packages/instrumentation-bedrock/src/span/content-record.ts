/** The content of one call, from what is read to the attributes that hold it. */

import type { Attributes } from '@opentelemetry/api';
import { asObject, type JsonValue, toJson } from '../data/json.js';
import type { OutputMessage } from '../data/messages.js';
import * as semconv from '../data/semconv.js';
import type { ResolvedConfig } from '../data/settings.js';
import { SharedJson } from '../data/shared-json.js';
import { writeWithin } from '../data/shrink.js';
import {
  type ContentAttributes,
  type ContentForms,
  inputContent,
  mlflowTools,
  noteInPlaceOf,
  outputContent,
  promptVariables,
  type RequestContent,
  toolContent,
} from './content-attributes.js';

/** A request or an answer as plain JSON, and how it is read. The functions are called again if the content is cut. */
export interface Recorded<Read> {
  readonly content: JsonValue;
  /** Returns what the dialect reads in the content. */
  read(content: JsonValue): Read;
  /** Returns the content as MLflow shows it. */
  show(content: JsonValue): JsonValue;
}

export type RecordedRequest = Recorded<RequestContent | undefined>;
export type RecordedAnswer = Recorded<readonly OutputMessage[]>;

/** The content as it is written. */
export interface WrittenContent {
  /** For the span. */
  readonly attributes: Attributes;
  /** In structured form, for log events. */
  readonly forEvent: Readonly<Record<string, unknown>>;
}

type Contents = Readonly<Partial<Record<'request' | 'answer', JsonValue | undefined>>>;

interface Draft {
  readonly forms: ContentForms;
  readonly attributes: Attributes;
  /** In characters, span and log event together. */
  readonly length: number;
  /** The length of each value that is JSON. */
  readonly lengths: ReadonlyMap<string, number>;
}

export class ContentRecord {
  request: RecordedRequest | undefined;
  answer: RecordedAnswer | undefined;
  readonly #config: ResolvedConfig;

  constructor(config: ResolvedConfig) {
    this.#config = config;
  }

  /**
   * Writes the content. If it is longer than `limit`, the longest texts are cut and the largest media are left out, the
   * same in all forms. If that is not enough, notes replace whole values.
   *
   * @param limit in characters, all forms together.
   */
  write(limit: number): WrittenContent {
    const contents: Contents = { request: this.request?.content, answer: this.answer?.content };
    const written = writeWithin(contents, limit, (each) => this.#draft(this.#formsOf(each)));
    if (!written) return { attributes: {}, forEvent: {} };
    const excess = written.length - limit;
    const { forms, attributes } = excess > 0 ? this.#draft(withNotes(written, excess)) : written;
    return { attributes, forEvent: this.#config.emitEvents ? eventForm(forms) : {} };
  }

  #formsOf({ request, answer }: Contents): ContentForms {
    const read = request === undefined ? undefined : this.request?.read(request);
    const messages = answer === undefined ? undefined : this.answer?.read(answer);
    return {
      stopSequences: read?.stopSequences,
      genAi: {
        ...(read && { ...inputContent(read.input), ...toolContent(read.tools) }),
        ...outputContent(messages ?? []),
      },
      texts: read ? promptVariables(read.input) : {},
      mlflow: this.#config.mlflowContent ? this.#mlflowForm({ request, answer }, read) : {},
    };
  }

  #mlflowForm({ request, answer }: Contents, read: RequestContent | undefined): ContentAttributes {
    return {
      ...(read && mlflowTools(read.tools)),
      ...(request !== undefined && { [semconv.ATTR_MLFLOW_SPAN_INPUTS]: this.request?.show(request) }),
      ...(answer !== undefined && { [semconv.ATTR_MLFLOW_SPAN_OUTPUTS]: this.answer?.show(answer) }),
    };
  }

  #draft(forms: ContentForms): Draft {
    const { stopSequences = [], genAi, texts, mlflow } = forms;
    const { contentOnSpans, genAiContent, emitEvents } = this.#config;
    const shared = new SharedJson();
    const lengths = new Map<string, number>();
    const attributes: Attributes = {};
    let length = 0;
    const write = (content: ContentAttributes, uses: number, target?: Attributes): void => {
      for (const name of Object.keys(content)) {
        const text = shared.write(content[name]);
        lengths.set(name, text.length);
        length += text.length * uses;
        if (target) target[name] = text;
      }
    };
    if (contentOnSpans && stopSequences.length > 0) {
      attributes[semconv.ATTR_GEN_AI_REQUEST_STOP_SEQUENCES] = [...stopSequences];
    }
    const uses = (genAiContent ? 1 : 0) + (emitEvents ? 1 : 0);
    if (uses > 0) write(genAi, uses, genAiContent ? attributes : undefined);
    if (genAiContent) Object.assign(attributes, texts);
    for (const text of [...stopSequences, ...Object.values(texts)]) length += String(text).length * uses;
    write(mlflow, 1, attributes);
    return { forms, attributes, length, lengths };
  }
}

/** Replaces the longest values by notes, until `excess` characters are saved. */
function withNotes({ forms, lengths }: Draft, excess: number): ContentForms {
  const genAi = { ...forms.genAi };
  const mlflow = { ...forms.mlflow };
  let saved = 0;
  for (const [name, length] of [...lengths].sort(([, a], [, b]) => b - a)) {
    if (saved >= excess) break;
    const form = name in genAi ? genAi : mlflow;
    const note = noteInPlaceOf(name, form[name], length);
    if (note === undefined) delete form[name];
    else form[name] = note;
    saved += length;
  }
  return { ...forms, genAi, mlflow };
}

/** Exact numbers are objects, which only JSON can hold, so events get text. */
function eventForm({ genAi, texts }: ContentForms): Readonly<Record<string, unknown>> {
  return { ...asObject(toJson(genAi, { longNumbersAsText: true })), ...texts };
}
