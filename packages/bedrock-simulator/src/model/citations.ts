import type { CitableDocument, Quote } from './conversation.js';
import { wordsOf } from './tokens.js';

/** Quotes the sentences that share the most words with the question, at most one per document. */
export function quoteDocuments(documents: readonly CitableDocument[], question: string): Quote[] {
  const asked = wordsOf(question);
  const candidates = documents.flatMap(({ title, text }, documentIndex) => {
    const sentences = sentencesOf(text).map((sentence) => ({ shared: countShared(sentence.text, asked), sentence }));
    const [best] = sentences.sort((a, b) => b.shared - a.shared);
    return best ? [{ shared: best.shared, quote: { ...best.sentence, title, documentIndex } }] : [];
  });
  const most = Math.max(1, ...candidates.map(({ shared }) => shared));
  return candidates.filter(({ shared }) => shared === most).map(({ quote }) => quote);
}

function countShared(text: string, asked: ReadonlySet<string>): number {
  return [...wordsOf(text)].filter((word) => asked.has(word)).length;
}

function sentencesOf(text: string): Pick<Quote, 'text' | 'start' | 'end'>[] {
  return [...text.matchAll(/\S.*?(?:[.!?](?=\s)|$)/gsu)].map(({ 0: sentence, index }) => ({
    text: sentence,
    start: index,
    end: index + sentence.length,
  }));
}
