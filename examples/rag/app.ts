// Retrieval-augmented generation: vector search, reranking, an answer with citations. It makes two traces.
import { traced } from 'mlflow-bedrock';
import { explainBedrockError } from '../shared/explain-error.js';
import { type Document, documents } from './documents.js';
import { generate, rerank } from './models.js';
import { VectorIndex } from './vector-index.js';

const CANDIDATES = 4;
const BEST = 2;

const index = new VectorIndex();

const indexDocuments = traced({ name: 'index documents', spanType: 'CHAIN' }, (added: Document[]) => index.add(added));

/** Finds documents. MLflow shows the result of a RETRIEVER span as documents with their sources. */
const retrieve = traced({ name: 'retrieve', spanType: 'RETRIEVER' }, (query: string) =>
  index.search(query, CANDIDATES),
);

const answer = traced({ name: 'answer', spanType: 'CHAIN' }, async (question: string) => {
  const candidates = await retrieve(question);
  const best = await rerank(question, candidates, BEST);
  const passages = await generate(question, best);
  const sources = [...new Set(passages.flatMap((passage) => passage.sources.map(({ metadata }) => metadata.doc_uri)))];
  const notes = (cited: Document[]): string =>
    cited.map(({ metadata }) => ` [${sources.indexOf(metadata.doc_uri) + 1}]`).join('');
  return { answer: passages.map((passage) => passage.text + notes(passage.sources)).join(' '), sources };
});

try {
  const question = process.argv[2] ?? 'How many days do a refund and a delivery take?';
  console.log(question);
  await indexDocuments(documents);
  const { answer: text, sources } = await answer(question);
  console.log(text);
  for (const [position, source] of sources.entries()) console.log(`[${position + 1}] ${source}`);
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
