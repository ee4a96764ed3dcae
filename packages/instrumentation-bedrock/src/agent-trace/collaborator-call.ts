/** A call of a collaborator by its supervisor. */

import type { Attributes } from '@opentelemetry/api';
import { asMembers, asObject, asString, type JsonObject } from '../data/json.js';
import * as semconv from '../data/semconv.js';
import { asId, asWord } from '../data/words.js';
import { type AgentStopReason, agentInvocation } from '../dialects/agent/invocation.js';
import type { Step } from '../operations/common/operation.js';
import type { ContentBudget } from './content-budget.js';
import { makeStep } from './step.js';
import { type StepFailure, StepLife } from './step-life.js';
import { type BeginningEvent, readMetadata, type StepMetadata, type TraceEvent } from './trace-event.js';

const ALIAS_ARN = /:agent-alias\/([^/:]+)\/([^/:]+)$/;

/** The end of a turn, as the agent itself states it. */
export interface FinalAnswer {
  readonly time: Date | undefined;
  readonly metadata: StepMetadata;
  /** Content; undefined if none is kept. */
  readonly answer: JsonObject | undefined;
}

/** What a collaborator did, as far as its call needs it. */
export interface CollaboratorTurn {
  readonly aliasArn: string | undefined;
  /** Only for collaborators of the outermost agent. */
  readonly collaboratorName: string | undefined;
  readonly agentId: string | undefined;
  readonly agentVersion: string | undefined;
  readonly sessionId: string | undefined;
  readonly guardrailAction: string | undefined;
  /** A failure that belongs to no open step. */
  readonly failure: StepFailure | undefined;
  readonly final: FinalAnswer | undefined;
  /** What the trace states of the turn, besides its steps. */
  facts(): Attributes;
  content(): JsonObject;
}

/** The agent that calls. */
export interface Supervisor {
  readonly depth: number;
  readonly aliasArn: string | undefined;
}

export class CollaboratorCall {
  readonly life: StepLife;
  /** How many agents called each other, up to the supervisor. */
  readonly depth: number;
  /** The alias of the supervisor; undefined for the outermost agent. */
  readonly supervisorArn: string | undefined;
  aliasArn: string | undefined;
  /** What the collaborator did; undefined if its trace has not arrived. */
  turn: CollaboratorTurn | undefined;
  readonly #budget: ContentBudget;
  #name: string | undefined;
  #input: JsonObject | undefined;
  #stopReason: AgentStopReason | undefined;
  #output: JsonObject | undefined;

  get name(): string | undefined {
    return this.#name;
  }

  constructor(event: BeginningEvent, supervisor: Supervisor, budget: ContentBudget) {
    this.life = new StepLife(event);
    this.depth = supervisor.depth;
    this.supervisorArn = supervisor.aliasArn;
    this.#budget = budget;
  }

  addInput(input: JsonObject): void {
    this.#addCollaborator(input);
    const { text, returnControlResults } = asMembers(input['input']);
    this.#input = this.#budget.keep({
      inputText: asString(text),
      ...(returnControlResults === undefined ? {} : { sessionState: returnControlResults }),
    });
  }

  addOutput(event: TraceEvent, output: JsonObject): void {
    this.#addCollaborator(output);
    this.life.end(event, readMetadata(output['metadata']));
    const { text, returnControlPayload } = asMembers(output['output']);
    const isReturned = asObject(returnControlPayload) !== undefined;
    this.#stopReason = isReturned ? 'tool_call' : 'stop';
    this.#output = this.#budget.keep({
      ...(asString(text) === undefined ? {} : { completion: text }),
      ...(isReturned ? { returnControl: returnControlPayload } : {}),
    });
  }

  /** The trace of a collaborator has begun without its call, because an earlier request made it. */
  addTurn(turn: CollaboratorTurn): void {
    this.aliasArn ??= turn.aliasArn;
    this.#name ??= turn.collaboratorName;
    this.turn = turn;
  }

  /** @param steps what the collaborator did. */
  toStep(latest: Date | undefined, steps: readonly Step[]): Step {
    const { turn } = this;
    const [, agentId, aliasId] = ALIAS_ARN.exec(this.aliasArn ?? '') ?? [];
    if (this.#stopReason === undefined) this.#endWith(turn);
    const figures = { stopReason: this.#stopReason };
    return makeStep({
      dialect: agentInvocation,
      spanType: 'AGENT',
      isRequest: true,
      identity: {
        [semconv.ATTR_GEN_AI_AGENT_NAME]: this.#name,
        [semconv.ATTR_GEN_AI_AGENT_ID]: agentId ?? turn?.agentId,
        [semconv.ATTR_GEN_AI_AGENT_VERSION]: turn?.agentVersion,
      },
      requestFacts: {
        [semconv.ATTR_AWS_BEDROCK_AGENT_ALIAS_ID]: aliasId,
        [semconv.ATTR_AWS_BEDROCK_AGENT_SESSION_ID]: turn?.sessionId,
      },
      requestContent: () => this.#input,
      answer:
        this.#stopReason === undefined && !turn
          ? undefined
          : {
              facts: turn?.facts() ?? {},
              figures,
              content: () => this.#budget.whenOn(() => ({ ...this.#output, ...turn?.content(), ...figures })),
              served: { guardrailAction: turn?.guardrailAction },
            },
      life: this.life,
      latest,
      steps,
    });
  }

  /** What the collaborator itself states of its end, if its supervisor did not get there. */
  #endWith(turn: CollaboratorTurn | undefined): void {
    if (turn?.failure) this.life.fail(turn.failure);
    else if (turn?.final) {
      this.life.end(turn.final, turn.final.metadata);
      this.#stopReason = 'stop';
      this.#output = turn.final.answer;
    }
  }

  #addCollaborator({ agentCollaboratorName, agentCollaboratorAliasArn }: JsonObject): void {
    this.#name = asWord(agentCollaboratorName) ?? this.#name;
    this.aliasArn = asId(agentCollaboratorAliasArn) ?? this.aliasArn;
  }
}
