import { errorResponse } from '../../errors.js';
import type { Operation } from '../operation.js';
import type { AsyncJobs } from './async-jobs.js';

export function startAsyncInvoke(jobs: AsyncJobs): Operation {
  return {
    name: 'StartAsyncInvoke',
    method: 'POST',
    path: '/async-invoke',
    answer: ({ body }) => ({ body: jobs.start(body) }),
  };
}

export function listAsyncInvokes(jobs: AsyncJobs): Operation {
  return {
    name: 'ListAsyncInvokes',
    method: 'GET',
    path: '/async-invoke',
    answer: ({ labels }) => ({ body: jobs.list(labels) }),
  };
}

export function getAsyncInvoke(jobs: AsyncJobs): Operation {
  return {
    name: 'GetAsyncInvoke',
    method: 'GET',
    path: '/async-invoke/{invocationArn+}',
    answer({ labels }) {
      const arn = labels['invocationArn'] ?? '';
      const body = jobs.get(arn);
      if (body) return { body };
      return errorResponse('ValidationException', `The Bedrock simulator has no asynchronous invocation ${arn}.`);
    },
  };
}
