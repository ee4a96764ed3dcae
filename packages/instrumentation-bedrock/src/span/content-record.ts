/** The content of one call, from what is read to the attributes that hold it. */

import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { asObject, type JsonValue, toJson } from '../data/json.js';
import * as semconv from '../data/semconv.js';
import type { ResolvedConfig } from '../data/settings.js';
import { SharedJson } from '../data/shared-json.js';
import { writeWithin } from '../data/shrink.js';
import {
  type AnswerContent,
  type ContentAttributes,
  type ContentForms,
  contentParameters,
  inputContent,
  jsonDetails,
  mlflowTools,
  noteInPlaceOf,
  outputContent,
  promptVariables,
  type RequestContent,
  textDetails,
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
export type RecordedAnswer = Recorded<AnswerContent | undefined>;

/** The content as it is written. */
export interface WrittenContent {
  /** For the span. */
  readonly attributes: Attributes;
  /** In structured form, for log events. */
  readonly forEvent: Readonly<Record<string, unknown>>;
}

/** In characters. A value with a longer name is left out and not replaced by a note. */
const LONGEST_NAME = 256;

type Contents = Readonly<Partial<Record<'request' | 'answer', JsonValue | undefined>>>;

interface Draft {
  readonly forms: ContentForms;
  readonly attributes: Attributes;
  /** In characters, span and log event together. */
  readonly length: number;
  /** The length of each value. */
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
    const answered = answer === undefined ? undefined : this.answer?.read(answer);
    return {
      parameters: contentParameters(read?.stopSequences),
      genAi: Object.assign(
        {},
        read && inputContent(read.input),
        read && toolContent(read.tools),
        jsonDetails(read?.details),
        outputContent(answered?.messages ?? []),
        jsonDetails(answered?.details),
      ),
      texts: Object.assign(
        read ? promptVariables(read.input) : {},
        textDetails(read?.details),
        textDetails(answered?.details),
      ),
      mlflow: this.#config.mlflowContent ? this.#mlflowForm({ request, answer }, read) : {},
    };
  }

  #mlflowForm({ request, answer }: Contents, read: RequestContent | undefined): ContentAttributes {
    const form: Record<string, unknown> = {};
    if (read) Object.assign(form, mlflowTools(read.tools));
    if (request !== undefined) form[semconv.ATTR_MLFLOW_SPAN_INPUTS] = this.request?.show(request);
    if (answer !== undefined) form[semconv.ATTR_MLFLOW_SPAN_OUTPUTS] = this.answer?.show(answer);
    return form;
  }

  #draft(forms: ContentForms): Draft {
    const { parameters, genAi, texts, mlflow } = forms;
    const { contentOnSpans, genAiContent, emitEvents } = this.#config;
    const shared = new SharedJson();
    const lengths = new Map<string, number>();
    const attributes: Attributes = {};
    let length = 0;
    const add = (name: string, value: AttributeValue | undefined, uses: { span: boolean; event?: boolean }): void => {
      const valueLength = lengthOf(name, value);
      lengths.set(name, valueLength);
      length += valueLength * (Number(uses.span) + Number(uses.event ?? false));
      if (uses.span) attributes[name] = value;
    };
    const inGenAi = { span: genAiContent, event: emitEvents };
    for (const name in parameters) add(name, parameters[name], { span: contentOnSpans });
    if (genAiContent || emitEvents) {
      for (const name in genAi) add(name, shared.write(genAi[name]), inGenAi);
      for (const name in texts) add(name, texts[name], inGenAi);
    }
    for (const name in mlflow) add(name, shared.write(mlflow[name]), { span: true });
    return { forms, attributes, length, lengths };
  }
}

/** The names of prompt variables are as long as the application has made them. */
function lengthOf(name: string, value: AttributeValue | undefined): number {
  const texts = Array.isArray(value) ? value : [value];
  return texts.reduce<number>((sum, text) => sum + String(text).length, name.length);
}

/** Replaces the longest values by notes, until `excess` characters are saved. */
function withNotes({ forms, lengths }: Draft, excess: number): ContentForms {
  const genAi = { ...forms.genAi };
  const mlflow = { ...forms.mlflow };
  const texts = { ...forms.texts };
  const parameters = { ...forms.parameters };
  let saved = 0;
  for (const [name, length] of [...lengths].sort(([, a], [, b]) => b - a)) {
    if (saved >= excess) break;
    const form: Record<string, unknown> = [genAi, mlflow, texts, parameters].find((each) => name in each) ?? {};
    const note = name.length < LONGEST_NAME ? noteInPlaceOf(name, form[name], length) : undefined;
    if (note === undefined) delete form[name];
    else form[name] = note;
    saved += length;
  }
  return { parameters, genAi, texts, mlflow };
}

/** Exact numbers are objects, which only JSON can hold, so events get text. */
function eventForm({ genAi, texts }: ContentForms): Readonly<Record<string, unknown>> {
  return { ...asObject(toJson(genAi, { longNumbersAsText: true })), ...texts };
}
