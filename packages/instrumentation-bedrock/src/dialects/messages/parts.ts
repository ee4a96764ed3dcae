/** Makes the parts of messages that several dialects share. */

import { asString, type JsonValue } from '../../data/json.js';
import type { Part } from '../../data/messages.js';

/** Makes a tool call. Its arguments are absent if the provider sent none. */
export function toolCallPart(
  id: JsonValue | undefined,
  name: JsonValue | undefined,
  args: JsonValue | undefined,
): Part {
  return {
    type: 'tool_call',
    ...(typeof id === 'string' ? { id } : {}),
    name: asString(name) ?? '',
    ...(args === undefined ? {} : { arguments: args }),
  };
}

/** Makes the result of a tool call. */
export function toolResponsePart(id: JsonValue | undefined, response: JsonValue): Part {
  return { type: 'tool_call_response', ...(typeof id === 'string' ? { id } : {}), response };
}

export interface Media {
  /** `image`, `document`, `video` or `audio`. */
  readonly modality: string;
  /** Left out if undefined. */
  readonly mimeType: string | undefined;
}

/** Makes a part with media in it. Its content is base64 text, empty if the provider's block has none. */
export function blobPart({ modality, mimeType }: Media, content: string | undefined): Part {
  return { type: 'blob', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }), content: content ?? '' };
}

/** Makes a part that refers to media by a URI. */
export function uriPart({ modality, mimeType }: Media, uri: string): Part {
  return { type: 'uri', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }), uri };
}

/** Makes a part that refers to media by the id of an uploaded file. */
export function filePart({ modality, mimeType }: Media, fileId: string): Part {
  return { type: 'file', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }), file_id: fileId };
}
