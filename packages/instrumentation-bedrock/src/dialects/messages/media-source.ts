/** Reads the `mediaSource` of TwelveLabs' models. */

import { asObject, asString, type JsonValue } from '../../data/json.js';
import type { Part } from '../../data/messages.js';
import { blobPart, uriPart } from './parts.js';

/** @returns base64 text or an address in S3; nothing if the value is no media source. */
export function readMediaSource(value: JsonValue | undefined, modality: string): Part[] {
  const source = asObject(value);
  const media = { modality, mimeType: undefined };
  const uri = asString(asObject(source?.['s3Location'])?.['uri']);
  if (uri !== undefined) return [uriPart(media, uri)];
  const base64 = asString(source?.['base64String']);
  return base64 === undefined ? [] : [blobPart(media, base64)];
}
