import { type LocationKind, TRACES_JSON, type TraceFolder } from './trace-folder.js';

const LOCATION = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/;

/** Folders that the tracking server serves itself, as it does by default. */
export const PROXIED: LocationKind = {
  matches: (location) => LOCATION.test(location),
  open(location, _trace, { url }) {
    const [, folder = ''] = LOCATION.exec(location) ?? [];
    // Percent-encoded, because the name of an experiment's folder may hold spaces.
    return { kind: 'success', value: proxiedFolder(new URL(`/${folder}`, url).pathname) };
  },
};

function proxiedFolder(folder: string): TraceFolder {
  const path = `/api/2.0/mlflow-artifacts/artifacts${folder}/${TRACES_JSON}`;
  return {
    async put(rest, body) {
      const outcome = await rest.send({
        method: 'PUT',
        path,
        headers: { 'content-type': 'application/json' },
        body,
        beginningOnly: true,
        recorded: () => [new TextDecoder().decode(body)],
      });
      return outcome.kind === 'success' ? undefined : outcome;
    },
    async get(rest) {
      const outcome = await rest.send({ method: 'GET', path });
      if (outcome.kind === 'success') return { kind: 'success', value: outcome.body };
      return outcome.status === 404 ? { kind: 'success', value: undefined } : outcome;
    },
  };
}
