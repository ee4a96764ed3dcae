/** What the service adds to the chunks of an InvokeModel stream, for every model. */

import { readInvokeVerdict } from '../../data/guardrail.js';
import { asObject, type JsonObject } from '../../data/json.js';
import { readInvocationLatency, type ServedService } from '../../data/service.js';
import { readInvocationMetrics, type UsageReport } from '../../data/usage.js';

/** A member of the last chunk. */
const INVOCATION_METRICS = 'amazon-bedrock-invocationMetrics';
/** Members of bodies and chunks if a guardrail is on. */
const GUARDRAIL_ACTION = 'amazon-bedrock-guardrailAction';
const GUARDRAIL_TRACE = 'amazon-bedrock-trace';
const INTERVENED = 'INTERVENED';

/** Reads the verdict in the members of a body. */
export function readVerdict(members: JsonObject): ServedService {
  return readInvokeVerdict(members[GUARDRAIL_ACTION], members[GUARDRAIL_TRACE]);
}

/** Collects the members that the service adds to the chunks of one stream. */
export class ServiceMembers {
  #metrics: JsonObject | undefined;
  readonly #guardrail: JsonObject = {};
  /** Whether the guardrail changed every chunk so far; undefined before the first one. */
  #isBlocked: boolean | undefined;

  add(chunk: JsonObject): void {
    this.#metrics = asObject(chunk[INVOCATION_METRICS]) ?? this.#metrics;
    const action = chunk[GUARDRAIL_ACTION];
    this.#isBlocked = this.#isBlocked !== false && action === INTERVENED;
    if (action !== undefined) this.#addAction(action);
    if (chunk[GUARDRAIL_TRACE] !== undefined) this.#guardrail[GUARDRAIL_TRACE] = chunk[GUARDRAIL_TRACE];
  }

  get usage(): UsageReport | undefined {
    return this.#metrics && readInvocationMetrics(this.#metrics);
  }

  get latency(): ServedService {
    return this.#metrics ? readInvocationLatency(this.#metrics) : {};
  }

  /**
   * Whether the service has sent all it has. It sends metrics last. A guardrail that blocks the request of a Titan model
   * sends its message in the first chunk, without metrics and finish reason. A guardrail that only changes pieces of an
   * answer does not end it.
   */
  get isComplete(): boolean {
    return this.#metrics !== undefined || this.#isBlocked === true;
  }

  /**
   * Returns the guardrail's members as an answer without streaming has them.
   *
   * @param isCut whether the answer is incomplete. Then the guardrail could still have intervened.
   */
  guardrail(isCut: boolean): JsonObject {
    const members = { ...this.#guardrail };
    if (isCut && members[GUARDRAIL_ACTION] !== INTERVENED) delete members[GUARDRAIL_ACTION];
    return members;
  }

  /** Each chunk states whether the guardrail changed this piece of the answer. */
  #addAction(action: JsonObject[string]): void {
    if (this.#guardrail[GUARDRAIL_ACTION] !== INTERVENED) this.#guardrail[GUARDRAIL_ACTION] = action;
  }
}
