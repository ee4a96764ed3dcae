import type { CitableDocument, Quote } from './conversation.js';
import { wordsOf } from './tokens.js';

/** Of each document the sentence that shares the most words with the question; none of a document that shares none. */
export function quoteDocuments(documents: readonly CitableDocument[], question: string): Quote[] {
  const asked = wordsOf(question);
  return documents.flatMap(({ title, text }, documentIndex) => {
    const [best] = sentencesOf(text)
      .map((sentence) => ({
        ...sentence,
        shared: [...wordsOf(sentence.text)].filter((word) => asked.has(word)).length,
      }))
      .sort((a, b) => b.shared - a.shared);
    if (best === undefined || best.shared === 0) return [];
    const { shared: _, ...sentence } = best;
    return [{ ...sentence, title, documentIndex }];
  });
}

function sentencesOf(text: string): Pick<Quote, 'text' | 'start' | 'end'>[] {
  return [...text.matchAll(/\S.*?(?:[.!?](?=\s)|$)/gsu)].map(({ 0: sentence, index }) => ({
    text: sentence,
    start: index,
    end: index + sentence.length,
  }));
}
