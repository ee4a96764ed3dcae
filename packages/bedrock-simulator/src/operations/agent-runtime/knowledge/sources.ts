import { arrayOf, type JsonObject, objectOf, stringOf } from '../../../json.js';
import { DOCUMENTS, type KnowledgeDocument } from './documents.js';

/**
 * Returns the documents of a request with external sources. The simulator reads text that is in the request. It reads no
 * S3 objects, so a request with those has the documents of the knowledge base.
 */
export function sourceDocuments(sources: unknown): readonly KnowledgeDocument[] {
  const texts = arrayOf(sources)
    .map((source) => objectOf(objectOf(source)['byteContent']))
    .filter(({ contentType }) => stringOf(contentType).startsWith('text/'));
  return texts.length > 0 ? texts.map(toDocument) : DOCUMENTS;
}

function toDocument({ identifier, data }: JsonObject): KnowledgeDocument {
  const id = stringOf(identifier);
  return { id, title: id, text: Buffer.from(stringOf(data), 'base64').toString('utf8') };
}
