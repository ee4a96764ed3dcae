import type { Range } from './range.js';

// Words in messages of MLflow, its web framework and its databases, and those that join them. Names, numbers and verbs of
// conversations do not belong here: a range with another word is a quote.
const SERVER_WORDS = new Set(
  (
    'a an and any are at be by but can cannot did do does for from has have if in is it its must no not of on or please see that the ' +
    'this to was were with without already another below before after more than too longer only ' +
    'access allowed already archived assistant attribute attributes authenticated authentication bad body boolean code ' +
    'column connection content could create created data database deleted denied detected dict disabled duplicate empty ' +
    'error event events exceeded exceeds exist exists expected experiment experiments failed false feature field find ' +
    'float forbidden format found gateway header host id ids input int integer internal invalid json key length limit ' +
    'list locked maximum message method missing model name none null number object operation output parameter parameters ' +
    'parse path permission port prompt request required resource response role route run running runs server service ' +
    'session size span spans state status store stored str string supplied system table tag tags text timeout tool trace ' +
    'traces true type unauthorized unavailable unknown unsupported user valid value values version workspace workspaces you ' +
    'accepting refused timed out reset connect connections tcp ip wrong long large many requests entity unique constraint'
  ).split(' '),
);
// An id of MLflow's traces is no content.
const TRACE_ID = /^tr-[0-9a-f]{32}$/;
const WORDS = /[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*/gu;

/** Makes a range of the text smaller by the words at its ends that servers use anyway. Undefined if no other is left. */
export function withoutServerWords(text: string): (range: Range) => Range | undefined {
  const others = [...text.matchAll(WORDS)].filter(
    ([word]) => !SERVER_WORDS.has(word.toLowerCase()) && !TRACE_ID.test(word),
  );
  const ranges = others.map(({ 0: word, index }): Range => [index, index + word.length]);
  return ([from, to]) => {
    const inside = ranges.filter(([first, end]) => first < to && end > from);
    const [[first] = [], [, end] = []] = [inside[0], inside.at(-1)];
    return first === undefined || end === undefined ? undefined : [Math.max(from, first), Math.min(to, end)];
  };
}
