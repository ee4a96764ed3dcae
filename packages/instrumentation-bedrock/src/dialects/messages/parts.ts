/** Makes the parts of messages that several dialects share. */

import { isMediaNote } from '../../data/cut.js';
import { asMembers, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import type { Part } from '../../data/messages.js';
import { mimeTypeOf } from './mime-types.js';

/**
 * Makes a tool call. Its arguments are absent if the provider sent none.
 *
 * @param others further members of the provider's call. The schema of the conventions allows them.
 */
export function toolCallPart(
  id: JsonValue | undefined,
  name: JsonValue | undefined,
  args: JsonValue | undefined,
  others: JsonObject = {},
): Part {
  return {
    type: 'tool_call',
    ...(typeof id === 'string' ? { id } : {}),
    name: asString(name) ?? '',
    ...(args === undefined ? {} : { arguments: args }),
    ...others,
  };
}

/**
 * Makes the result of a tool call.
 *
 * @param others further members of the provider's result, and `is_error` if the tool failed.
 */
export function toolResponsePart(id: JsonValue | undefined, response: JsonValue, others: JsonObject = {}): Part {
  return { type: 'tool_call_response', ...(typeof id === 'string' ? { id } : {}), response, ...others };
}

/** Returns the member that marks a tool's result as an error; none for a success. */
export function toolError(isError: unknown): JsonObject {
  return isError === true ? { is_error: true } : {};
}

/** Makes a part of the sources that a text cites, to follow the text; none if it cites none. */
export function citationParts(citations: JsonValue | undefined): Part[] {
  return Array.isArray(citations) && citations.length > 0 ? [{ type: 'citations', content: citations }] : [];
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

/** Makes a part of an item `input_audio` of OpenAI's formats. The part is the item itself if it has no data. */
export function audioPart(item: JsonObject): Part {
  const { data, format } = asMembers(item['input_audio']);
  if (typeof data !== 'string') return { ...item, type: 'input_audio' };
  return blobPart({ modality: 'audio', mimeType: mimeTypeOf('audio', asString(format)) }, data);
}

/** Makes a part that refers to media by a URI. */
export function uriPart({ modality, mimeType }: Media, uri: string): Part {
  return { type: 'uri', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }), uri };
}

/** Makes a part that refers to media by the id of an uploaded file. */
export function filePart({ modality, mimeType }: Media, fileId: string): Part {
  return { type: 'file', modality, ...(mimeType === undefined ? {} : { mime_type: mimeType }), file_id: fileId };
}

/** Makes a part of media in a data URL or at another URL. */
export function mediaUrlPart(modality: string, url: string): Part {
  const [, mimeType, content] = /^data:([^;,]+)(?:;[^,]*)?;base64,([\s\S]*)$/i.exec(url) ?? [];
  if (content !== undefined) return blobPart({ modality, mimeType }, content);
  const media = { modality, mimeType: undefined };
  return isMediaNote(url) ? blobPart(media, url) : uriPart(media, url);
}

/** The first letters of an image in base64 text. */
const IMAGE_STARTS: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

/** Makes a part of an image that is base64 text without a format, or a URL. */
export function imagePart(image: string): Part {
  if (/^[a-z][a-z0-9]*:/i.test(image)) return mediaUrlPart('image', image);
  const mimeType = IMAGE_STARTS.find(([start]) => image.startsWith(start))?.[1];
  return blobPart({ modality: 'image', mimeType }, image);
}
