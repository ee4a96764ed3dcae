import type { JsonObject } from '../../../json.js';
import { namedTools, planCalls } from '../../../model/tool-calls.js';
import { searchDocuments } from '../knowledge/search.js';
import type { Action, ActionGroup, Agent } from './agent.js';

/** One thing that an agent does before it answers. */
export type Step =
  | { readonly kind: 'lookup'; readonly knowledgeBaseId: string; readonly query: string }
  | { readonly kind: 'action'; readonly group: ActionGroup; readonly action: Action; readonly input: JsonObject }
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'collaborator'; readonly agent: Agent; readonly text: string };

/** A knowledge base is asked if one of its documents shares this number of words with the question. */
const RELEVANT_WORDS = 2;

const CALCULATION = /-?\d+(?:\.\d+)?(?:\s*[-+*/]\s*-?\d+(?:\.\d+)?)+/;
const CHART = /\b(chart|plot|diagram)\b/i;

/**
 * Decides what an agent does for a question: it looks up its knowledge bases, runs actions whose names share a word with
 * the question, calculates, and asks the collaborators that would do something themselves.
 */
export function planSteps(agent: Agent, question: string): Step[] {
  return [
    ...lookups(agent, question),
    ...actions(agent, question),
    ...code(agent, question),
    ...agent.collaborators
      .filter((collaborator) => isAsked(collaborator.agent, question))
      .map((collaborator): Step => ({ kind: 'collaborator', agent: collaborator.agent, text: question })),
  ];
}

/** Returns the collaborator to which a classifier gives the whole request; undefined if it is not for exactly one. */
export function routeTo(agent: Agent, question: string): Agent | undefined {
  const own = planSteps({ ...agent, collaborators: [] }, question);
  const asked = agent.collaborators.filter((collaborator) => isAsked(collaborator.agent, question));
  return own.length === 0 && asked.length === 1 ? asked[0]?.agent : undefined;
}

/** True if the agent answers every question from its knowledge bases. */
export function onlyLooksUp(agent: Agent): boolean {
  return (
    agent.knowledgeBaseIds.length > 0 &&
    agent.actionGroups.length === 0 &&
    agent.collaborators.length === 0 &&
    !agent.hasCodeInterpreter
  );
}

function lookups(agent: Agent, question: string): Step[] {
  const [best] = searchDocuments(question, 1);
  if (!onlyLooksUp(agent) && (best?.shared ?? 0) < RELEVANT_WORDS) return [];
  return agent.knowledgeBaseIds.map((knowledgeBaseId) => ({ kind: 'lookup', knowledgeBaseId, query: question }));
}

function actions(agent: Agent, question: string): Step[] {
  return agent.actionGroups.flatMap((group) => {
    const tools = namedTools(
      group.actions.map(({ tool }) => tool),
      question,
    );
    return group.actions
      .filter(({ tool }) => tools.includes(tool))
      .flatMap((action) =>
        planCalls(action.tool, question).map((input): Step => ({ kind: 'action', group, action, input })),
      );
  });
}

function code(agent: Agent, question: string): Step[] {
  if (!agent.hasCodeInterpreter) return [];
  const [expression] = CALCULATION.exec(question) ?? [];
  if (CHART.test(question)) return [{ kind: 'code', code: `plot([${expression ?? '1, 2, 3'}])` }];
  return expression === undefined ? [] : [{ kind: 'code', code: `print(${expression})` }];
}

function isAsked(agent: Agent, question: string): boolean {
  return planSteps(agent, question).length > 0;
}
