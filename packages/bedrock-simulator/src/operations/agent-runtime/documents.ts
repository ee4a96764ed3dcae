import type { Operation } from '../operation.js';
import { DOCUMENTS } from './knowledge/documents.js';

const PATH = '/knowledgebases/{knowledgeBaseId}/datasources/{dataSourceId}';

/** Everybody may read the documents of the simulator. */
export const documentOperations: readonly Operation[] = [
  {
    name: 'CheckIngestedDocumentAcl',
    method: 'POST',
    path: `${PATH}/check-ingested-document-acl`,
    answer: ({ body }) => ({ body: { hasAccess: DOCUMENTS.some(({ id }) => id === body['documentId']) } }),
  },
  {
    name: 'GetIngestedDocumentAcl',
    method: 'POST',
    path: `${PATH}/get-ingested-document-acl`,
    answer: () => ({ body: { documentAcl: { allowList: { memberRelation: 'OR', conditions: [] } } } }),
  },
  {
    name: 'GetDocumentContent',
    method: 'POST',
    path: `${PATH}/documents/{documentId}/content`,
    answer({ labels }) {
      const text = DOCUMENTS.find(({ id }) => id === labels['documentId'])?.text ?? '';
      const presignedUrl = `https://example.com/${labels['documentId']}.txt`;
      return { body: { mimeType: 'text/plain', presignedUrl, documentContentLength: Buffer.byteLength(text) } };
    },
  },
];
