/** What one agent did in its turn: its steps, and what its trace states of the turn itself. */

import type { Attributes } from '@opentelemetry/api';
import { asNumber, asObject, asString, type JsonObject } from '../data/json.js';
import { ATTR_AWS_BEDROCK_AGENT_FAILURE_CODE } from '../data/semconv.js';
import { CollaboratorCall, type CollaboratorTurn, type FinalAnswer } from './collaborator-call.js';
import type { ContentBudget } from './content-budget.js';
import { GuardrailCheck, strictestAction } from './guardrail-check.js';
import { Lookup } from './lookup.js';
import { ModelCall } from './model-call.js';
import { OpenCalls } from './open-calls.js';
import type { StepFailure, StepLife } from './step-life.js';
import { ToolCall } from './tool-call.js';
import { type BeginningEvent, readMetadata, type TraceEvent } from './trace-event.js';

export type Draft = CollaboratorCall | GuardrailCheck | Lookup | ModelCall | ToolCall;

/** What the turns of one trace share. */
export interface TraceSeam {
  readonly budget: ContentBudget;
  /** Returns false if the trace has its last step already. */
  admit(): boolean;
  /** Returns the next action for which the application returned a result with the request; undefined if there is none. */
  nextReturned(): JsonObject | undefined;
}

/** How many open steps are searched for the one that failed. Few are open at once. */
const MAX_SEARCHED = 64;

export class AgentTurn implements CollaboratorTurn {
  readonly depth: number;
  readonly aliasArn: string | undefined;
  readonly callerArn: string | undefined;
  readonly collaboratorName: string | undefined;
  readonly first: BeginningEvent;
  readonly drafts: Draft[] = [];
  agentId: string | undefined;
  agentVersion: string | undefined;
  sessionId: string | undefined;
  guardrailAction: string | undefined;
  /** A failure that belongs to no open step. */
  failure: StepFailure | undefined;
  final: FinalAnswer | undefined;
  readonly #seam: TraceSeam;
  readonly #modelCalls = new Map<string, ModelCall>();
  readonly #actions = new OpenCalls<ToolCall>();
  readonly #lookups = new OpenCalls<Lookup>();
  readonly #collaborators = new OpenCalls<CollaboratorCall>();
  #open: StepLife[] = [];
  readonly #customEvents: string[] = [];
  readonly #rationales: string[] = [];

  /** @param event the first one of the turn; undefined for the outermost agent. */
  constructor(event: TraceEvent | undefined, seam: TraceSeam) {
    const { depth = 1, aliasArn, callerArn, collaboratorName, traceId = '', time } = event ?? {};
    this.depth = depth;
    this.first = { traceId, time };
    this.aliasArn = aliasArn;
    this.callerArn = callerArn;
    this.collaboratorName = collaboratorName;
    this.#seam = seam;
  }

  add(event: TraceEvent): void {
    this.agentId ??= event.agentId;
    this.agentVersion ??= event.agentVersion;
    this.sessionId ??= event.sessionId;
    switch (event.step) {
      case 'modelInvocationInput':
        this.#addModelInput(event);
        break;
      case 'modelInvocationOutput':
        this.#addModelOutput(event);
        break;
      case 'rationale':
        this.#addRationale(event);
        break;
      case 'invocationInput':
        this.#addInvocation(event);
        break;
      case 'observation':
        this.#addObservation(event);
        break;
      case 'guardrailTrace':
        this.#addGuardrail(event);
        break;
      case 'failureTrace':
        this.#addFailure(event);
        break;
      case 'customOrchestrationTrace':
        this.#addText(this.#customEvents, asObject(event.value['event'])?.['text']);
    }
  }

  /** What the trace states of the turn, besides its steps. */
  facts(): Attributes {
    return { [ATTR_AWS_BEDROCK_AGENT_FAILURE_CODE]: this.failure?.code };
  }

  content(): JsonObject {
    return {
      ...(this.failure?.reason === undefined ? {} : { failureReason: this.failure.reason }),
      ...(this.#customEvents.length > 0 ? { customOrchestration: this.#customEvents } : {}),
      ...(this.#rationales.length > 0 ? { rationales: this.#rationales } : {}),
    };
  }

  #addModelInput(event: TraceEvent): void {
    // An agent calls a model only after its actions.
    for (const life of this.#open) life.leave(event.time);
    this.#open = [];
    const call = this.#begin(() => new ModelCall(event, this.#seam.budget));
    if (!call) return;
    call.addInput(event);
    this.#modelCalls.set(modelKey(event), call);
  }

  #addModelOutput(event: TraceEvent): void {
    const known = this.#modelCalls.get(modelKey(event));
    const call = known && !known.isAnswered ? known : this.#begin(() => new ModelCall(event, this.#seam.budget));
    if (!call) return;
    call.addOutput(event);
    this.#modelCalls.set(modelKey(event), call);
  }

  #addRationale(event: TraceEvent): void {
    const call = this.#modelCalls.get(modelKey(event));
    if (call) call.addRationale(event);
    else this.#addText(this.#rationales, event.value['text']);
  }

  #addInvocation(event: TraceEvent): void {
    const { budget } = this.#seam;
    const { value } = event;
    const action = asObject(value['actionGroupInvocationInput']);
    const code = asObject(value['codeInterpreterInvocationInput']);
    const lookup = asObject(value['knowledgeBaseLookupInput']);
    const collaborator = asObject(value['agentCollaboratorInvocationInput']);
    if (action) this.#openTool(event, false)?.addAction(action);
    else if (code) this.#openTool(event, true)?.addCode(code);
    else if (lookup) {
      const call = this.#begin(() => new Lookup(event, budget));
      call?.addQuery(lookup);
      if (call) this.#lookups.open(event.traceId, call);
    } else if (collaborator) {
      const call = this.#begin(() => new CollaboratorCall(event, this, budget));
      call?.addInput(collaborator);
      if (call) this.#collaborators.open(collaboratorKey(event, call.aliasArn), call);
    }
  }

  #openTool(event: TraceEvent, isCode: boolean): ToolCall | undefined {
    const call = this.#begin(() => new ToolCall(event, this.#seam.budget));
    if (call) this.#actions.open(toolKey(event, isCode), call);
    return call;
  }

  #addObservation(event: TraceEvent): void {
    const { value } = event;
    const action = asObject(value['actionGroupInvocationOutput']);
    const code = asObject(value['codeInterpreterInvocationOutput']);
    const lookup = asObject(value['knowledgeBaseLookupOutput']);
    const collaborator = asObject(value['agentCollaboratorInvocationOutput']);
    const reprompt = asObject(value['repromptResponse']);
    const final = asObject(value['finalResponse']);
    if (action || code) this.#endTool(event, (action ?? code) as JsonObject, code !== undefined);
    else if (lookup) this.#endLookup(event, lookup);
    else if (collaborator) this.#endCollaborator(event, collaborator);
    else if (reprompt) this.#endReprompted(event, reprompt);
    else if (final) this.#addFinal(event, final);
  }

  #endTool(event: TraceEvent, output: JsonObject, isCode: boolean): void {
    let call = this.#actions.take(toolKey(event, isCode));
    if (!call) {
      call = this.#begin(() => new ToolCall(event, this.#seam.budget));
      // The input of an action that the application took is in the stream of an earlier request.
      if (isCode) call?.markAsCode();
      else call?.addAction(this.#seam.nextReturned() ?? {});
    }
    call?.addResult(event, output);
  }

  #endLookup(event: TraceEvent, output: JsonObject): void {
    const { start } = readMetadata(output['metadata']);
    const call = this.#lookups.take(event.traceId, start) ?? this.#begin(() => new Lookup(event, this.#seam.budget));
    call?.addResult(event, output);
  }

  #endCollaborator(event: TraceEvent, output: JsonObject): void {
    const { start } = readMetadata(output['metadata']);
    const arn = asString(output['agentCollaboratorAliasArn']);
    const call =
      this.#collaborators.take(collaboratorKey(event, arn), start) ??
      this.#begin(() => new CollaboratorCall(event, this, this.#seam.budget));
    call?.addOutput(event, output);
  }

  /** The agent asks the model again, because the result of an action or a lookup was not what it expected. */
  #endReprompted(event: TraceEvent, { source, text }: JsonObject): void {
    if (source === 'ACTION_GROUP') this.#actions.take(toolKey(event, false))?.addResult(event, { text });
    if (source === 'KNOWLEDGE_BASE') this.#lookups.take(event.traceId)?.addResult(event, { text });
  }

  /** The answer of the outermost agent is in the chunks of the stream. */
  #addFinal(event: TraceEvent, { metadata, text }: JsonObject): void {
    if (this.depth === 1) return;
    const completion = this.#seam.budget.keepText(asString(text));
    const answer = completion === undefined ? undefined : { completion };
    this.final = { time: event.time, metadata: readMetadata(metadata), answer };
  }

  #addGuardrail(event: TraceEvent): void {
    const check = this.#begin(() => new GuardrailCheck(event, this.#seam.budget));
    this.guardrailAction = strictestAction(this.guardrailAction, check?.action);
  }

  #addFailure(event: TraceEvent): void {
    const { failureCode, failureReason, metadata } = event.value;
    const failure: StepFailure = {
      code: asNumber(failureCode),
      reason: this.#seam.budget.keepText(asString(failureReason)),
      end: readMetadata(metadata).end ?? event.time,
    };
    const failed = this.#latestOpen(event.traceId);
    if (failed) failed.fail(failure);
    else this.failure = failure;
  }

  #latestOpen(traceId: string): StepLife | undefined {
    while (this.#open.at(-1)?.isOpen === false) this.#open.pop();
    const end = Math.max(0, this.#open.length - MAX_SEARCHED);
    for (let at = this.#open.length - 1; at >= end; at--) {
      const life = this.#open[at];
      if (life?.isOpen && life.traceId === traceId) return life;
    }
    return undefined;
  }

  #addText(texts: string[], value: unknown): void {
    const text = this.#seam.budget.keepText(asString(value));
    if (text !== undefined) texts.push(text);
  }

  #begin<Kind extends Draft>(create: () => Kind): Kind | undefined {
    if (!this.#seam.admit()) return undefined;
    const draft = create();
    this.drafts.push(draft);
    this.#open.push(draft.life);
    return draft;
  }
}

function modelKey({ kind, traceId }: TraceEvent): string {
  return `${kind} ${traceId}`;
}

function toolKey({ traceId }: TraceEvent, isCode: boolean): string {
  return `${isCode ? 'code' : 'action'} ${traceId}`;
}

function collaboratorKey({ traceId }: TraceEvent, aliasArn: string | undefined): string {
  return `${aliasArn ?? ''} ${traceId}`;
}
