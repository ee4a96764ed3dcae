import type { Document } from './documents.js';
import { embed } from './models.js';

/** Vector search in memory. Use a vector database for more than a few thousand documents. */
export class VectorIndex {
  readonly #entries: { document: Document; vector: number[] }[] = [];

  async add(documents: Document[]): Promise<void> {
    const texts = documents.map(({ page_content }) => page_content);
    const vectors = await embed(texts, 'search_document');
    this.#entries.push(...documents.map((document, index) => ({ document, vector: vectors[index] ?? [] })));
  }

  /** Returns the documents that are nearest to the query, the nearest one first. */
  async search(query: string, limit: number): Promise<Document[]> {
    const [vector = []] = await embed([query], 'search_query');
    return this.#entries
      .map((entry) => ({ document: entry.document, similarity: cosine(entry.vector, vector) }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, limit)
      .map(({ document, similarity }) => ({ ...document, metadata: { ...document.metadata, similarity } }));
  }
}

function cosine(a: number[], b: number[]): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}
