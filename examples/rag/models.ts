// The models of the pipeline. Each call is a span: EMBEDDING, RERANKER, CHAT_MODEL.
import {
  BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime';
import type { Document } from './documents.js';

const EMBEDDING_MODEL = 'cohere.embed-english-v3';
const RERANK_MODEL = 'cohere.rerank-v3-5:0';
/** Must be a model that cites its documents, such as Claude. */
const ANSWER_MODEL = process.env.BEDROCK_MODEL_ID ?? 'us.anthropic.claude-haiku-4-5-20251001-v1:0';

const bedrock = new BedrockRuntimeClient();

/** Returns one vector for each text. */
export async function embed(texts: string[], input_type: 'search_document' | 'search_query'): Promise<number[][]> {
  const { embeddings } = await invoke<{ embeddings: number[][] }>(EMBEDDING_MODEL, { texts, input_type });
  return embeddings;
}

/** Returns the documents that match the query best, the best one first. */
export async function rerank(query: string, found: Document[], limit: number): Promise<Document[]> {
  const documents = found.map(({ page_content }) => page_content);
  const request = { query, documents, top_n: limit, api_version: 2 };
  const { results } = await invoke<{ results: { index: number }[] }>(RERANK_MODEL, request);
  return results.flatMap(({ index }) => found[index] ?? []);
}

/** A part of an answer with the documents that it cites. */
export interface Passage {
  text: string;
  sources: Document[];
}

export async function generate(question: string, documents: Document[]): Promise<Passage[]> {
  const content: ContentBlock[] = documents.map(({ page_content, metadata }) => ({
    document: { name: metadata.title, format: 'txt', source: { text: page_content }, citations: { enabled: true } },
  }));
  const { output } = await bedrock.send(
    new ConverseCommand({
      modelId: ANSWER_MODEL,
      system: [{ text: 'Answer in one or two sentences, from the documents alone.' }],
      messages: [{ role: 'user', content: [...content, { text: question }] }],
    }),
  );
  return (output?.message?.content ?? []).map(({ text = '', citationsContent }) => ({
    text: citationsContent?.content?.map((part) => part.text ?? '').join('') ?? text,
    sources: (citationsContent?.citations ?? []).flatMap(
      ({ location }) => documents[location?.documentChar?.documentIndex ?? -1] ?? [],
    ),
  }));
}

async function invoke<T>(modelId: string, body: object): Promise<T> {
  const output = await bedrock.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  return JSON.parse(output.body.transformToString()) as T;
}
