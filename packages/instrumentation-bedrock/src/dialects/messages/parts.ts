/** Parts of messages that several dialects have under names of their own. */

import { asString, type JsonValue } from '../../data/json.js';
import type { Part } from '../../data/messages.js';

/** @param args absent if the provider sent none. */
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

export function toolResponsePart(id: JsonValue | undefined, response: JsonValue): Part {
  return { type: 'tool_call_response', ...(typeof id === 'string' ? { id } : {}), response };
}

export interface Media {
  /** `image`, `document`, `video` or `audio`. */
  readonly modality: string;
  /** Left out if undefined. */
  readonly mimeType: string | undefined;
}

/** @param content base64 text; empty if the provider's block has none. */
export function blobPart({ modality, mimeType }: Media, content: string | undefined): Part {
  return { type: 'blob', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }), content: content ?? '' };
}

export function uriPart({ modality, mimeType }: Media, uri: string): Part {
  return { type: 'uri', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }), uri };
}

export function filePart({ modality, mimeType }: Media, fileId: string): Part {
  return { type: 'file', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }), file_id: fileId };
}
