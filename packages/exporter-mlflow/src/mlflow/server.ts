import type { Rest, RestResult } from './rest.js';

/** What an MLflow server reports about itself. */
export interface MlflowServerInfo {
  /** For example `3.17.2`; absent if the server does not answer with a version. */
  version?: string;
  /** The clock of the server, in whole seconds; absent if its answers have no date. */
  time?: Date;
}

/** Version and clock of the server. */
export async function getServer(rest: Rest): Promise<RestResult<MlflowServerInfo>> {
  const answer = await rest.send({ method: 'GET', path: '/version', plainText: true });
  if (answer.kind !== 'success') return answer;
  const [version] = /^\d+\.\d+[\w.+-]*/.exec(answer.body.trim()) ?? [];
  const time = Date.parse(answer.date ?? '');
  return {
    kind: 'success',
    value: {
      ...(version === undefined ? {} : { version: rest.show(version) }),
      ...(Number.isNaN(time) ? {} : { time: new Date(time) }),
    },
  };
}
