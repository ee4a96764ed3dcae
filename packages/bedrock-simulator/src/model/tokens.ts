/**
 * The simulator's tokens: up to six letters or digits with the space before them, a punctuation mark, or a run of white
 * space. A longer word has one token per six letters. This is a simple rule, not the tokenizer of a model.
 */
const TOKEN = /\s?[\p{L}\p{N}]{1,6}|\s?[^\s\p{L}\p{N}]|\s+/gu;

/** A text with as many tokens as an image, document, video or audio block counts. */
export const MEDIA_TOKENS = ' media'.repeat(100);

/** Splits a text into tokens. The joined tokens equal the text. */
export function tokenize(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

export function countTokens(text: string): number {
  return tokenize(text).length;
}

/**
 * Returns the words of a text in lower case, cut after six letters so that "refunds" matches "refund". Words of up to
 * three letters are left out, because every text has them.
 */
export function wordsOf(text: string): Set<string> {
  const words = tokenize(text.toLowerCase()).map((token) => token.trim());
  return new Set(words.filter((word) => /^[\p{L}\p{N}]{4,}$/u.test(word)));
}

/** Splits a text as a stream sends it, into pieces of two tokens. */
export function toPieces(text: string): string[] {
  const tokens = tokenize(text);
  return Array.from({ length: Math.ceil(tokens.length / 2) }, (_, index) =>
    tokens.slice(index * 2, index * 2 + 2).join(''),
  );
}
