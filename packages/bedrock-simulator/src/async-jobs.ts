import { digest } from './digest.js';
import { type JsonObject, objectOf, stringOf } from './json.js';

/** Asynchronous invocations; bodies in and out are those of the operations. Nothing is written to S3. */
export interface AsyncJobs {
  /** The same `clientRequestToken` is the same job. */
  start(body: JsonObject): JsonObject;
  /** Undefined when there is no such job. */
  get(invocationArn: string): JsonObject | undefined;
  /** Newest first. */
  list(filters: Readonly<Record<string, string>>): JsonObject;
}

interface Job {
  readonly facts: JsonObject;
  readonly token: string;
  /** The first look at a job finds it in progress, any later one completed. */
  endTime: string | undefined;
  seen: boolean;
}

export function createAsyncJobs(): AsyncJobs {
  const jobs = new Map<string, Job>();
  return {
    start(body) {
      const token = stringOf(body['clientRequestToken']);
      const known = [...jobs].find(([, job]) => token !== '' && job.token === token);
      if (known) return { invocationArn: known[0] };
      const id = digest([jobs.size, body]).slice(0, 12);
      const invocationArn = `arn:aws:bedrock:us-east-1:123456789012:async-invoke/${id}`;
      const modelId = stringOf(body['modelId']);
      jobs.set(invocationArn, {
        token,
        facts: {
          invocationArn,
          modelArn: modelId.startsWith('arn:') ? modelId : `arn:aws:bedrock:us-east-1::foundation-model/${modelId}`,
          ...(token === '' ? {} : { clientRequestToken: token }),
          submitTime: now(),
          outputDataConfig: outputOf(objectOf(body['outputDataConfig']), id),
        },
        endTime: undefined,
        seen: false,
      });
      return { invocationArn };
    },
    get(invocationArn) {
      const job = jobs.get(invocationArn);
      return job && look(job);
    },
    list({ statusEquals, maxResults, nextToken, sortOrder }) {
      const found = [...jobs.values()].map(look).filter(({ status }) => !statusEquals || status === statusEquals);
      if (sortOrder !== 'Ascending') found.reverse();
      const start = Number(nextToken ?? 0);
      const end = start + Number(maxResults ?? found.length);
      return {
        asyncInvokeSummaries: found.slice(start, end),
        ...(end < found.length ? { nextToken: String(end) } : {}),
      };
    },
  };
}

function look(job: Job): JsonObject {
  if (job.seen) job.endTime ??= now();
  job.seen = true;
  const { facts, endTime } = job;
  if (endTime === undefined) return { ...facts, status: 'InProgress', lastModifiedTime: facts['submitTime'] };
  return { ...facts, status: 'Completed', lastModifiedTime: endTime, endTime };
}

/** The service adds a folder for each invocation. */
function outputOf({ s3OutputDataConfig }: JsonObject, id: string): JsonObject {
  const config = objectOf(s3OutputDataConfig);
  return { s3OutputDataConfig: { ...config, s3Uri: `${stringOf(config['s3Uri']).replace(/\/$/, '')}/${id}` } };
}

function now(): string {
  return new Date().toISOString();
}
