/** One event of an agent's trace, read from the object of the SDK. */

import { asArray, asMembers, asNumber, asObject, asString, type JsonObject, type JsonValue } from '../data/json.js';
import { unwrapUnknown } from '../data/unknown-member.js';
import { asId, asWord } from '../data/words.js';

export interface TraceEvent {
  /** The part of the trace, such as `orchestrationTrace`. Model calls of different parts can have the same id. */
  readonly kind: string;
  /** The step, such as `modelInvocationInput`; the part itself if it has no steps. */
  readonly step: string;
  readonly value: JsonObject;
  /** Empty if the event has none. */
  readonly traceId: string;
  /** The start of `traceId`: the turn of the agent that took the step. Other agents have other turns. */
  readonly turn: string;
  /** How many agents called each other, the one of this event included; 0 if the event does not say. */
  readonly depth: number;
  /** The alias of the agent. The name in an event is that of the first collaborator, whatever the depth. */
  readonly aliasArn: string | undefined;
  /** The alias of the agent that called this one. */
  readonly callerArn: string | undefined;
  /** The name of the agent; only if `depth` is 2. */
  readonly collaboratorName: string | undefined;
  readonly time: Date | undefined;
  readonly sessionId: string | undefined;
  readonly agentId: string | undefined;
  readonly agentVersion: string | undefined;
}

/** What is kept of the event that begins a step. */
export type BeginningEvent = Pick<TraceEvent, 'traceId' | 'time'>;

const STEPS: ReadonlySet<string> = new Set([
  ...['modelInvocationInput', 'modelInvocationOutput', 'rationale', 'invocationInput', 'observation'],
  ...['guardrailTrace', 'failureTrace', 'customOrchestrationTrace'],
]);

/** The length of the id of a turn. */
const TURN_LENGTH = 36;

/** @returns undefined if the part has no step that this package knows. */
export function readTraceEvent(part: unknown): TraceEvent | undefined {
  const members = asMembers(part);
  const trace = unwrapUnknown(asMembers(members['trace']));
  const kind = Object.keys(trace).find((name) => asObject(trace[name])) ?? '';
  const steps = unwrapUnknown(asMembers(trace[kind]));
  const step = STEPS.has(kind) ? kind : Object.keys(steps).find((name) => STEPS.has(name) && asObject(steps[name]));
  const value = step === kind ? steps : asObject(steps[step ?? '']);
  if (step === undefined || !value) return undefined;
  const traceId = asWord(value['traceId']) ?? '';
  const chain = asArray(members['callerChain']);
  const depth = chain.length;
  return {
    kind,
    step,
    value,
    traceId,
    turn: traceId[TURN_LENGTH] === '-' ? traceId.slice(0, TURN_LENGTH) : traceId,
    depth,
    aliasArn: arnOf(chain.at(-1)),
    callerArn: arnOf(chain.at(-2)),
    collaboratorName: depth === 2 ? asWord(members['collaboratorName']) : undefined,
    time: asTime(members['eventTime']),
    sessionId: asId(members['sessionId']),
    agentId: asId(members['agentId']),
    agentVersion: asWord(members['agentVersion']),
  };
}

function arnOf(caller: JsonValue | undefined): string | undefined {
  return asId(asObject(caller)?.['agentAliasArn']);
}

/** When the service began and ended a step, as far as it says. */
export interface StepTimes {
  readonly start: Date | undefined;
  readonly end: Date | undefined;
}

export interface StepMetadata extends StepTimes {
  /** The id of a request to another service; for a collaborator the turn of that agent. */
  readonly requestId: string | undefined;
  readonly usage: JsonObject | undefined;
}

export function readMetadata(value: JsonValue | undefined): StepMetadata {
  const { startTime, endTime, clientRequestId, usage } = asMembers(value);
  return {
    start: asTime(startTime),
    end: asTime(endTime),
    requestId: asWord(clientRequestId),
    usage: asObject(usage),
  };
}

/** In milliseconds. Backends count nanoseconds with 63 bits. */
const LATEST = Date.UTC(2262, 0);

/**
 * Reads a time: a `Date` of the SDK; text in a member that the SDK does not know. Returns undefined for any other value and
 * for times that backends cannot hold.
 */
function asTime(value: unknown): Date | undefined {
  const millis = value instanceof Date ? value.getTime() : Date.parse(asString(value) ?? '');
  return asNumber(millis) !== undefined && millis >= 0 && millis < LATEST ? new Date(millis) : undefined;
}
