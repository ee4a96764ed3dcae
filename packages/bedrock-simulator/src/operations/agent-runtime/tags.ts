import { objectOf } from '../../json.js';
import type { Operation } from '../operation.js';

/** Tags of resources, in memory only. */
export function tagOperations(): Operation[] {
  const tags = new Map<string, Record<string, unknown>>();
  const path = '/tags/{resourceArn+}';
  return [
    {
      name: 'TagResource',
      method: 'POST',
      path,
      answer({ labels, body }) {
        const arn = labels['resourceArn'] ?? '';
        tags.set(arn, { ...tags.get(arn), ...objectOf(body['tags']) });
        return { body: {} };
      },
    },
    {
      name: 'UntagResource',
      method: 'DELETE',
      path,
      answer({ labels }) {
        const arn = labels['resourceArn'] ?? '';
        const left = Object.entries(tags.get(arn) ?? {}).filter(([key]) => key !== labels['tagKeys']);
        tags.set(arn, Object.fromEntries(left));
        return { body: {} };
      },
    },
    {
      name: 'ListTagsForResource',
      method: 'GET',
      path,
      answer: ({ labels }) => ({ body: { tags: tags.get(labels['resourceArn'] ?? '') ?? {} } }),
    },
  ];
}
