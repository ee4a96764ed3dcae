/**
 * The simulator's tokens: a word of up to six letters or digits with the space before it, the next six of a longer
 * word, a punctuation mark, a run of white space. A rule that is easy to state, not the tokenizer of any model.
 */
const TOKEN = /\s?[\p{L}\p{N}]{1,6}|\s?[^\s\p{L}\p{N}]|\s+/gu;

/** What an image, document, video or audio block counts. */
export const MEDIA_TOKENS = ' media'.repeat(100);

/** Splits a text into tokens; joined, they give the text again. */
export function tokenize(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

export function countTokens(text: string): number {
  return tokenize(text).length;
}

/**
 * What a text is about: its words in lower case and cut after six letters, so that "refund" is in "refunds". Without
 * those of up to three letters, which are in every text.
 */
export function wordsOf(text: string): Set<string> {
  const words = tokenize(text.toLowerCase()).map((token) => token.trim());
  return new Set(words.filter((word) => /^[\p{L}\p{N}]{4,}$/u.test(word)));
}

/** The pieces in which a stream sends a text: two tokens each. */
export function toPieces(text: string): string[] {
  const tokens = tokenize(text);
  return Array.from({ length: Math.ceil(tokens.length / 2) }, (_, index) =>
    tokens.slice(index * 2, index * 2 + 2).join(''),
  );
}
