import { digest } from '../../digest.js';
import { type JsonObject, objectOf, stringOf } from '../../json.js';

/** Asynchronous invocations, in memory only. Arguments and results are the bodies of the operations. */
export interface AsyncJobs {
  /** Starts a job, or returns the existing job with the same `clientRequestToken`. */
  start(body: JsonObject): JsonObject;
  /** Returns undefined if the job does not exist. */
  get(invocationArn: string): JsonObject | undefined;
  /** Lists jobs, the newest first. */
  list(filters: Readonly<Record<string, string>>): JsonObject;
}

interface Job {
  readonly facts: JsonObject;
  readonly token: string;
  /** Undefined until a job is read for the second time, which shows it as completed. */
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

/** Adds a folder per invocation to the S3 address, as the service does. */
function outputOf({ s3OutputDataConfig }: JsonObject, id: string): JsonObject {
  const config = objectOf(s3OutputDataConfig);
  return { s3OutputDataConfig: { ...config, s3Uri: `${stringOf(config['s3Uri']).replace(/\/$/, '')}/${id}` } };
}

function now(): string {
  return new Date().toISOString();
}
