/** Members of which the last value counts. */

import { type JsonObject, type JsonValue, setMember } from '../../../data/json.js';

/** A map and not an object, because V8 copies what an object has when it gets many members one by one. */
export class LastMembers {
  readonly #members = new Map<string, JsonValue>();

  get size(): number {
    return this.#members.size;
  }

  /** Replaces an earlier value. Undefined replaces nothing. */
  add(name: string, value: JsonValue | undefined): void {
    if (value !== undefined) this.#members.set(name, value);
  }

  /** Adds a value unless it is null. */
  addKnown(name: string, value: JsonValue | undefined): void {
    if (value !== null) this.add(name, value);
  }

  addAll(members: JsonObject): void {
    for (const name in members) this.add(name, members[name]);
  }

  get(name: string): JsonValue | undefined {
    return this.#members.get(name);
  }

  /** Sets the members on an object. */
  writeTo(object: JsonObject): void {
    for (const [name, value] of this.#members) setMember(object, name, value);
  }

  finish(): JsonObject {
    const object: JsonObject = {};
    this.writeTo(object);
    return object;
  }
}
