/** Events of kinds that a fold does not know. */

import { firstKey, type JsonObject } from '../../../data/json.js';
import { unwrapUnknown } from '../../../data/unknown-member.js';
import { StreamedMembers } from './streamed-value.js';

export class OtherEvents {
  readonly #known: ReadonlySet<string>;
  readonly #others = new StreamedMembers();

  constructor(known: readonly string[]) {
    this.#known = new Set(known);
  }

  /** Keeps the event unless its kind is known. */
  add(event: JsonObject): void {
    const members = unwrapUnknown(event);
    const name = firstKey(members);
    if (name !== undefined && !this.#known.has(name)) this.#others.add(name, members[name]);
  }

  /** Sets `otherEvents`, apart from the answer's own members: an event can have any name. */
  writeTo(body: JsonObject): void {
    if (this.#others.size > 0) body['otherEvents'] = this.#others.finish();
  }
}
