/** What flows and their nodes pass on: a document each, under a name. A document is any JSON. */

import { asMembers, asObjects, asString, type JsonObject, type JsonValue, setMember } from '../../data/json.js';
import { type Part, textPart } from '../../data/messages.js';
import { stringify } from '../../data/numbers.js';
import { unwrapUnknown } from '../../data/unknown-member.js';

/** Returns the document of `{content: {document}}`; undefined if there is none. */
export function documentOf({ content }: JsonObject): JsonValue | undefined {
  return unwrapUnknown(asMembers(content))['document'];
}

/** Makes parts of all documents in a list. A document that is no text becomes JSON text. */
export function documentParts(list: unknown): Part[] {
  const documents = asObjects(list).map(documentOf);
  return documents
    .filter((document) => document !== undefined)
    .map((document) => textPart(asString(document) ?? stringify(document)));
}

/**
 * Returns the documents by name, as MLflow shows the inputs and outputs of a node; the list itself if a name is missing or
 * occurs twice.
 */
export function documentsByName(fields: JsonValue): JsonValue {
  const byName: JsonObject = {};
  for (const field of asObjects(fields)) {
    const name = asString(field['nodeInputName']) ?? asString(field['nodeOutputName']) ?? asString(field['name']);
    if (name === undefined || Object.hasOwn(byName, name)) return fields;
    setMember(byName, name, documentOf(field) ?? null);
  }
  return byName;
}
