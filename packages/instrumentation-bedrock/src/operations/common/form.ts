/** The form of content that is in the dialect as a whole. */

import { asObject, isObject, type JsonValue } from '../../data/json.js';
import { viewRetrieved } from '../../dialects/knowledge-base/retrieval.js';
import type { ContentForm } from './operation.js';

export const WHOLE: ContentForm = {
  bodyOf: asObject,
  show: (content, view) => (view && isObject(content) ? view(content) : content),
};

/** An answer with documents. MLflow shows nothing but the list of documents for a span of the type `RETRIEVER`. */
export const DOCUMENTS: ContentForm = { bodyOf: asObject, show: (content: JsonValue) => viewRetrieved(content) };
