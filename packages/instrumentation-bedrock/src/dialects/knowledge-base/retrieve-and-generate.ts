/** RetrieveAndGenerate: a model answers from a knowledge base, or from documents in the request, and cites them. */

import { asMembers, asNumber, asObject, asObjects, asString, asStrings, type JsonObject } from '../../data/json.js';
import { type Part, textPart } from '../../data/messages.js';
import { ATTR_GEN_AI_RETRIEVAL_DOCUMENTS, ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT } from '../../data/semconv.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { readDocument } from '../documents/documents.js';
import { generatedMessages } from '../messages/generated.js';
import { blobPart, uriPart } from '../messages/parts.js';
import { readReasoning } from '../parameters/reasoning.js';
import { questionOf, viewGenerateRequest, viewGenerateResponse } from './chat-view.js';
import { createGenerateFold } from './generate-fold.js';

export const retrieveAndGenerate: Dialect = {
  ...blankDialect('retrieve-and-generate', 'chat'),
  chatView: { format: 'bedrock', request: viewGenerateRequest, response: viewGenerateResponse },
  readParameters(body) {
    const { inferenceConfig, additionalModelRequestFields } = generationOf(body);
    const inference = asMembers(asObject(inferenceConfig)?.['textInferenceConfig']);
    const additional = asMembers(additionalModelRequestFields);
    return {
      maxTokens: asNumber(inference['maxTokens']),
      temperature: asNumber(inference['temperature']),
      topP: asNumber(inference['topP']),
      topK: asNumber(additional['top_k']) ?? asNumber(additional['topK']),
      stopSequences: asStrings(inference['stopSequences']),
      ...readReasoning(additional),
    };
  },
  readInput(body) {
    const text = questionOf(body);
    const parts = [
      ...(text === undefined ? [] : [textPart(text)]),
      ...asObjects(generateConfiguration(body)['sources']).flatMap(readSource),
    ];
    const template = asString(asObject(generationOf(body)['promptTemplate'])?.['textPromptTemplate']);
    return {
      messages: parts.length > 0 ? [{ role: 'user', parts }] : [],
      systemInstructions: template === undefined ? undefined : [textPart(template)],
    };
  },
  /** The question is what the service looks up. External sources are not looked up. */
  readInputDetails(body) {
    const isLookup = generateConfiguration(body)['knowledgeBaseId'] !== undefined;
    return { [ATTR_GEN_AI_RETRIEVAL_QUERY_TEXT]: isLookup ? questionOf(body) : undefined };
  },
  readOutput: (body) =>
    generatedMessages(body, { text: asObject(body['output'])?.['text'], citations: body['citations'] }),
  readOutputDetails({ citations }) {
    const references = asObjects(citations).flatMap((citation) => asObjects(citation['retrievedReferences']));
    return {
      [ATTR_GEN_AI_RETRIEVAL_DOCUMENTS]: references.length > 0 ? references.map(readDocument) : undefined,
    };
  },
  createFold: createGenerateFold,
};

/** Returns the configuration of the kind that the request has: for a knowledge base or for external sources. */
export function generateConfiguration(body: JsonObject): JsonObject {
  const { knowledgeBaseConfiguration, externalSourcesConfiguration } = asMembers(
    body['retrieveAndGenerateConfiguration'],
  );
  return asObject(knowledgeBaseConfiguration) ?? asMembers(externalSourcesConfiguration);
}

export function generationOf(body: JsonObject): JsonObject {
  return asMembers(generateConfiguration(body)['generationConfiguration']);
}

function readSource(source: JsonObject): Part[] {
  const { s3Location, byteContent } = unwrapUnknown(source);
  const uri = asString(asObject(s3Location)?.['uri']);
  if (uri !== undefined) return [uriPart({ modality: 'document', mimeType: undefined }, uri)];
  const bytes = asObject(byteContent);
  if (!bytes) return [];
  const { identifier } = bytes;
  const part = blobPart({ modality: 'document', mimeType: asString(bytes['contentType']) }, asString(bytes['data']));
  return [{ ...part, ...(typeof identifier === 'string' ? { name: identifier } : {}) } as Part];
}
