/** Keeps the answer of a stream within a length, whatever the stream sends. */

import { counted } from '../../data/counted.js';
import { isMediaNote, limitText } from '../../data/cut.js';
import { isObject, type JsonObject, type JsonValue, setMember, toJson } from '../../data/json.js';
import { lengthOf } from '../../data/json-length.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

export interface BoundedFoldOptions extends FoldOptions {
  /** In characters, for all texts of the answer together. */
  readonly maxLength: number;
  /** In bytes; see `ToJsonOptions`. */
  readonly maxMediaBytes?: number | undefined;
}

/** The answer is measured each time when it can have grown by this part of its limit, at most. */
const STEP = 1 / 16;
/** Also when what was collected has grown by this part, media included, so that the work is linear in its length. */
const GROWTH = 1 / 2;
/** In characters and bytes, for what is collected with media that become notes. Half of it more still fits into a string. */
const MOST_COLLECTED = 2 ** 27;
/** In characters. A note is appended to a text that is at least as long. */
const SHORTEST_TEXT = 64;

/**
 * Collects chunks until the answer is longer than `maxLength`, then only figures, finish reasons and whether the answer is
 * complete. A note in the answer states how many chunks its content lacks.
 *
 * @param create creates the fold of the dialect.
 */
export function createBoundedFold(
  create: (options: FoldOptions) => StreamFold,
  { content, maxLength, maxMediaBytes }: BoundedFoldOptions,
): StreamFold {
  if (!content) return create({ content });
  const figures = create({ content: false });
  let whole: StreamFold | undefined = create({ content: true });
  /** A copy of the answer as far as it was collected. */
  let kept: JsonObject = {};
  let longest: LongestText | undefined;
  let leftOut = 0;
  /** Since the answer was measured. */
  let arrived = 0;
  let measureAt = maxLength;

  const measure = (): void => {
    const collected = whole?.body();
    const body = toJson(collected, { maxMediaBytes });
    const length = lengthOf(body);
    const collectedLength = lengthOf(collected);
    if (length > maxLength || collectedLength > Math.max(maxLength, MOST_COLLECTED)) {
      kept = isObject(body) ? body : {};
      longest = findLongest(kept);
      whole = undefined;
    }
    arrived = 0;
    measureAt = Math.max(maxLength - length, maxLength * STEP, collectedLength * GROWTH);
  };

  return {
    add(chunk) {
      figures.add(chunk);
      if (!whole) {
        leftOut++;
        return;
      }
      whole.add(chunk);
      arrived += lengthOf(chunk);
      if (arrived > measureAt) measure();
    },
    body() {
      if (whole) return whole.body();
      const note = `[${counted(leftOut, 'more chunk')} not recorded]`;
      if (leftOut > 0 && longest) setMember(longest.holder as JsonObject, longest.key, `${longest.text}… ${note}`);
      const body = merge(kept, figures.body() ?? {});
      return leftOut > 0 && !longest ? { ...body, notRecorded: note } : body;
    },
    isComplete: () => figures.isComplete(),
  };
}

/** Adds the figures to the content. What is empty in the figures is content that their fold does not keep. */
function merge(content: JsonObject, figures: JsonObject): JsonObject {
  const merged: JsonObject = { ...content };
  for (const key of Object.keys(figures)) setMember(merged, key, mergeValue(content[key], figures[key]));
  return merged;
}

function mergeValue(content: JsonValue | undefined, figure: JsonValue | undefined): JsonValue | undefined {
  if (content === undefined) return figure;
  if (figure === undefined || figure === null || figure === '') return content;
  if (isObject(content) && isObject(figure)) return merge(content, figure);
  if (!Array.isArray(content) || !Array.isArray(figure)) return figure;
  const length = Math.max(content.length, figure.length);
  return Array.from({ length }, (_, index) => mergeValue(content[index], figure[index]) ?? null);
}

/** The longest text of an answer, which is the one that grew. */
interface LongestText {
  readonly holder: JsonObject | JsonValue[];
  readonly key: string;
  readonly text: string;
}

/** Returns undefined if every text is short or media. */
function findLongest(holder: JsonObject | JsonValue[], ofKey?: string): LongestText | undefined {
  let longest: LongestText | undefined;
  for (const key of Object.keys(holder)) {
    const value = (holder as JsonObject)[key];
    const name = Array.isArray(holder) ? ofKey : key;
    const found = typeof value === 'string' ? asLongest({ holder, key, text: value }, name) : findIn(value, name);
    if (found && found.text.length > (longest?.text.length ?? 0)) longest = found;
  }
  return longest;
}

function findIn(value: JsonValue | undefined, key: string | undefined): LongestText | undefined {
  return Array.isArray(value) || isObject(value) ? findLongest(value, key) : undefined;
}

function asLongest(found: LongestText, key: string | undefined): LongestText | undefined {
  const { text } = found;
  const isMedia = text.length < SHORTEST_TEXT || isMediaNote(limitText(text, NOTHING, key));
  return isMedia ? undefined : found;
}

const NOTHING = { maxStringLength: 0, maxMediaBytes: 0 };
