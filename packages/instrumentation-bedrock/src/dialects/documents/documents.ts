/** Documents that a knowledge base has found, in the form of the conventions and in that of MLflow. */

import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
  setMembers,
} from '../../data/json.js';
import { unwrapUnknown } from '../../data/unknown-member.js';

/** The keys that Bedrock itself sets in the metadata of a chunk. */
const CHUNK_ID = 'x-amz-bedrock-kb-chunk-id';
const SOURCE_URI = 'x-amz-bedrock-kb-source-uri';

/** A result or a reference of a lookup. */
interface Found {
  readonly id: string | undefined;
  readonly uri: string | undefined;
  readonly score: number | undefined;
  readonly type: string | undefined;
  readonly content: JsonObject;
  readonly metadata: JsonObject;
  /** The members that are not read, and the location. */
  readonly others: JsonObject;
}

function readFound({ content, metadata, score, documentId, ...others }: JsonObject): Found {
  const known = asMembers(metadata);
  const contained = asMembers(content);
  const uri = uriOf(others['location']) ?? asString(known[SOURCE_URI]) ?? uriOfSegment(contained);
  return {
    // Several chunks of one document have its URI in common, so it is the last resort.
    id: asString(known[CHUNK_ID]) ?? asString(documentId) ?? uri,
    uri,
    score: asNumber(score),
    type: asString(contained['type']),
    content: contained,
    metadata: known,
    others,
  };
}

/**
 * Reads a document for `gen_ai.retrieval.documents`. The schema of the conventions has `id` and `score` and allows further
 * members.
 */
export function readDocument(result: JsonObject): JsonObject {
  const { id, uri, score, type, content, metadata, others } = readFound(result);
  const mimeType = asString(content['mimeType']);
  const known = { id, score, type, mimeType, content: textOf(content) ?? content['byteContent'], uri };
  return withMembers(known, [{ ...(hasMembers(metadata) && { metadata }) }, others]);
}

/**
 * Returns the document as MLflow shows it: `page_content`, `metadata` and `id`. Its judges read these texts and `doc_uri`,
 * so an image is named in the text and is itself in the metadata.
 */
export function viewDocument(result: JsonObject): JsonObject {
  const { id, uri, score, content, metadata, others } = readFound(result);
  const text = textOf(content);
  const isText = text !== undefined && typeof content['text'] === 'string';
  const known = { score, doc_uri: uri, ...(isText || !hasMembers(content) ? {} : { content }) };
  return {
    page_content: text ?? nameOf(content),
    metadata: withMembers(known, [others, metadata]),
    ...(id === undefined ? {} : { id }),
  };
}

/** Returns the text of any kind of content; undefined for images and for content without a text. */
function textOf({ text, row, audio, video }: JsonObject): string | undefined {
  const spoken = asString(asObject(audio)?.['transcription']) ?? asString(asObject(video)?.['summary']);
  return asString(text) ?? (Array.isArray(row) ? rowText(row) : spoken);
}

/** One line for each column. */
function rowText(row: JsonValue[]): string {
  const lines = asObjects(row).map(({ columnName, columnValue }) => {
    return [columnName, columnValue].filter((part) => typeof part === 'string').join(': ');
  });
  return lines.join('\n');
}

/** The name of content without a text: `[image/png]`, `[image]`, `[audio s3://…]`. */
function nameOf(content: JsonObject): string {
  const { type, byteContent, mimeType } = content;
  const [, mime = asString(mimeType)] = /^data:([\w.+/-]{1,100})[;,]/.exec(asString(byteContent) ?? '') ?? [];
  const kind = mime ?? asString(type)?.toLowerCase();
  const name = [kind, uriOfSegment(content)].filter((part) => part !== undefined).join(' ');
  return name === '' ? '' : `[${name}]`;
}

/** An audio or a video has its own place in S3. */
function uriOfSegment({ audio, video }: JsonObject): string | undefined {
  return asString(asObject(audio)?.['s3Uri']) ?? asString(asObject(video)?.['s3Uri']);
}

/** Reads the place in a location: each kind of source has a member of its own, with a URI, a URL or an id. */
function uriOf(location: JsonValue | undefined): string | undefined {
  for (const place of Object.values(unwrapUnknown(asMembers(location))).filter(isObject)) {
    const uri = asString(place['uri']) ?? asString(place['url']) ?? asString(place['id']);
    if (uri !== undefined) return uri;
  }
  return undefined;
}

function hasMembers(object: JsonObject): boolean {
  return Object.keys(object).length > 0;
}

/** Returns the known members that have a value, and the others. */
function withMembers(known: JsonObject, others: readonly JsonObject[]): JsonObject {
  const members: JsonObject = {};
  for (const each of others) setMembers(members, each);
  for (const name in known) if (known[name] !== undefined) members[name] = known[name];
  return members;
}
