/** Files that an application gives to an agent, and those that an agent returns. */

import { asMembers, asObject, asString, type JsonObject } from '../../data/json.js';
import type { Part } from '../../data/messages.js';
import { blobPart, uriPart } from '../messages/parts.js';

/** Reads a file of the session's state. `useCase` states whether the model or the code interpreter reads it. */
export function readInputFile({ name, source, useCase }: JsonObject): Part {
  const { s3Location, byteContent } = asMembers(source);
  const { mediaType, data } = asMembers(byteContent);
  const media = mediaOf(asString(mediaType));
  const uri = asString(asObject(s3Location)?.['uri']);
  const part = uri === undefined ? blobPart(media, asString(data)) : uriPart(media, uri);
  return withMembers(part, { name, use_case: useCase });
}

export function readOutputFile({ name, type, bytes }: JsonObject): Part {
  return withMembers(blobPart(mediaOf(asString(type)), asString(bytes)), { name });
}

/** The schema of the conventions allows further members. */
function withMembers(part: Part, members: JsonObject): Part {
  const texts = Object.entries(members).filter(([, value]) => typeof value === 'string');
  return { ...part, ...Object.fromEntries(texts) } as Part;
}

function mediaOf(mimeType: string | undefined): { modality: string; mimeType: string | undefined } {
  const [, kind] = /^(image|audio|video)\//i.exec(mimeType ?? '') ?? [];
  return { modality: kind?.toLowerCase() ?? 'document', mimeType };
}
