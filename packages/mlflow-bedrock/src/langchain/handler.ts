import { context, trace } from '@opentelemetry/api';
import { warn, warnOfErrorOnce } from '../common/warn.js';
import { spanEnded, spanStarted } from '../current-trace/current-trace.js';
import { TracedRecorder } from '../traced/recorder.js';
import { genAiAttributes } from '../traced/span-type.js';
import { parsed, plain, plainDocuments, toolResult } from './plain.js';
import { contextOf, Runs } from './runs.js';
import { type StepKind, stepOfChain } from './steps.js';
import { observeStorage } from './storage.js';

const NO_STORAGE =
  'LangChain runs its steps without a context here, so calls to Bedrock inside of them are not children of their spans. ' +
  "Without LangGraph, import '@langchain/core/context' once where the application starts.";

/**
 * Callback handler for LangChain and LangGraph. Agents of `createAgent`, graphs, their nodes, tools, retrievers and
 * lambdas with a name become spans, and the calls to Bedrock their children. Model calls have no further span.
 */
export class LangChainHandler {
  /** LangChain uses objects with a name as they are. */
  readonly name = 'mlflow-bedrock';
  /** LangChain waits for the span before it runs the step. */
  readonly awaitHandlers = true;
  /** The instrumentation has a span for each call to a model. */
  readonly ignoreLLM = true;
  readonly #runs = new Runs();
  #isObserving = false;
  #hasWarned = false;

  handleChainStart(
    chain: unknown,
    inputs: unknown,
    runId: string,
    parentRunId?: string,
    tags?: string[],
    metadata?: Record<string, unknown>,
    _runType?: string,
    runName?: string,
  ): void {
    const kind = stepOfChain({ id: describe(chain).id, name: runName, tags: tags ?? [], metadata: metadata ?? {} });
    this.#start(kind, runId, parentRunId, () => plain(inputs));
  }

  handleToolStart(
    tool: unknown,
    input: string,
    runId: string,
    parentRunId?: string,
    _tags?: string[],
    _metadata?: Record<string, unknown>,
    runName?: string,
    toolCallId?: string,
  ): void {
    const name = runName ?? describe(tool).name ?? 'tool';
    const attributes = toolCallId === undefined ? {} : { 'gen_ai.tool.call.id': toolCallId };
    this.#start({ name, spanType: 'TOOL', attributes }, runId, parentRunId, () => parsed(input));
  }

  handleRetrieverStart(
    retriever: unknown,
    query: string,
    runId: string,
    parentRunId?: string,
    _tags?: string[],
    _metadata?: Record<string, unknown>,
    name?: string,
  ): void {
    // LangChain gives a retriever no context, so the embedding of the query would be a trace of its own.
    const hasTrace = this.#runs.step(parentRunId) !== undefined || trace.getActiveSpan() !== undefined;
    const kind: StepKind = {
      name: name ?? String(describe(retriever).id.at(-1) ?? 'retriever'),
      spanType: 'RETRIEVER',
    };
    this.#start(hasTrace ? kind : undefined, runId, parentRunId, () => ({ query }));
  }

  handleChainEnd(outputs: unknown, runId: string): void {
    this.#end(runId, (recorder) => recorder.returned(() => plain(outputs)));
  }

  handleToolEnd(output: unknown, runId: string): void {
    this.#end(runId, (recorder) => recorder.returned(() => toolResult(output)));
  }

  handleRetrieverEnd(documents: unknown, runId: string): void {
    this.#end(runId, (recorder) => recorder.returned(() => plainDocuments(documents)));
  }

  handleChainError(error: unknown, runId: string): void {
    this.#end(runId, (recorder) => fail(recorder, error));
  }

  handleToolError(error: unknown, runId: string): void {
    this.#end(runId, (recorder) => fail(recorder, error));
  }

  handleRetrieverError(error: unknown, runId: string): void {
    this.#end(runId, (recorder) => fail(recorder, error));
  }

  #start(kind: StepKind | undefined, runId: string, parentRunId: string | undefined, input: () => unknown): void {
    try {
      // LangChain before 1.0 reports a start twice if both an agent and its tool have the handler.
      if (this.#runs.step(runId) !== undefined) return;
      const above = this.#runs.step(parentRunId);
      // The function of an `entrypoint` is the only node of a graph with its name.
      if (kind === undefined || (kind.isNode === true && kind.name === above?.name)) {
        // Steps below belong to the step above.
        if (above !== undefined) this.#runs.add(runId, above);
        return;
      }
      const { name, spanType, attributes } = kind;
      // LangChain gives a retriever no context.
      if (!this.#isObserving && spanType !== 'RETRIEVER') this.#observe();
      const parent = above === undefined ? context.active() : contextOf(above, context.active());
      const fixed = { 'mlflow.spanType': spanType, ...genAiAttributes(spanType, name), ...attributes };
      const span = trace.getTracer('mlflow-bedrock').startSpan(name, { attributes: fixed }, parent);
      spanStarted(span, parent);
      const traced = { name, isTool: spanType === 'TOOL', sensitiveHeaders: [] };
      const recorder = new TracedRecorder(span, traced, spanEnded);
      recorder.input(input);
      this.#runs.add(runId, { runId, name, span, recorder });
    } catch (error) {
      warnOfErrorOnce('a step of LangChain could not be recorded', error);
    }
  }

  #observe(): void {
    this.#isObserving = observeStorage((id, call) => this.#runs.runInside(id, call));
    if (this.#isObserving || this.#hasWarned) return;
    this.#hasWarned = true;
    warn(NO_STORAGE);
  }

  #end(runId: string, record: (recorder: TracedRecorder) => void): void {
    try {
      const step = this.#runs.remove(runId);
      if (step?.runId === runId) record(step.recorder);
    } catch (error) {
      warnOfErrorOnce('the end of a step of LangChain could not be recorded', error);
    }
  }
}

/** Path and name in LangChain's description of a runnable. */
function describe(serialized: unknown): { id: readonly unknown[]; name: string | undefined } {
  const { id, name } = (serialized ?? {}) as { id?: unknown; name?: unknown };
  return { id: Array.isArray(id) ? id : [], name: typeof name === 'string' ? name : undefined };
}

/** LangGraph also throws values that are not failures: an interrupt that asks a person, and the command of a subgraph. */
function fail(recorder: TracedRecorder, error: unknown): void {
  const {
    is_bubble_up: isSignal,
    interrupts,
    command,
  } = (error ?? {}) as {
    is_bubble_up?: unknown;
    interrupts?: unknown;
    command?: unknown;
  };
  if (isSignal === true) recorder.returned(() => plain(interrupts ?? command));
  else recorder.failed(error);
}

/**
 * Traces the steps of LangChain and LangGraph. Add it to the callbacks of a call, or of all calls of an agent or a graph.
 *
 * @example
 * await agent.invoke(input, { callbacks: [langchainHandler] });
 */
export const langchainHandler: LangChainHandler = new LangChainHandler();
