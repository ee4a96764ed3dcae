import type { JsonObject } from '../../../json.js';
import type { Tool } from '../../../model/conversation.js';

/** An agent, as the simulator plays it. */
export interface Agent {
  /** The name by which a supervisor calls the agent. */
  readonly name: string;
  /** Absent for an inline agent. */
  readonly id?: string;
  readonly aliasId?: string;
  readonly version?: string;
  readonly aliasArn: string;
  readonly model: string;
  readonly instruction: string;
  readonly actionGroups: readonly ActionGroup[];
  readonly knowledgeBaseIds: readonly string[];
  readonly hasCodeInterpreter: boolean;
  readonly collaborators: readonly Collaborator[];
  readonly hasGuardrail: boolean;
  readonly hasPreProcessing: boolean;
  readonly hasPostProcessing: boolean;
  /** True if a classifier first tries to give the request to one collaborator. */
  readonly routes: boolean;
}

export interface ActionGroup {
  readonly name: string;
  /** True if the application runs the actions, and not a Lambda function. */
  readonly returnsControl: boolean;
  readonly actions: readonly Action[];
}

/** A function of an action group, or an operation of its API. */
export interface Action {
  readonly tool: Tool;
  /** Absent if the action is a function. */
  readonly api?: { readonly path: string; readonly verb: string };
  run(input: JsonObject): ActionResult;
}

type ActionResult = { readonly text: string } | { readonly failure: string };

export interface Collaborator {
  readonly instruction: string;
  readonly agent: Agent;
}

export const ACCOUNT = '123456789012';

export function aliasArn(agentId: string, aliasId: string): string {
  return `arn:aws:bedrock:us-east-1:${ACCOUNT}:agent-alias/${agentId}/${aliasId}`;
}

/** What an agent lacks unless its definition says otherwise. */
export const PLAIN_AGENT = {
  actionGroups: [],
  knowledgeBaseIds: [],
  hasCodeInterpreter: false,
  collaborators: [],
  hasGuardrail: false,
  hasPreProcessing: false,
  hasPostProcessing: false,
  routes: false,
} as const satisfies Partial<Agent>;
