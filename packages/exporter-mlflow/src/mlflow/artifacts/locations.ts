import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { ARTIFACT_LOCATION } from '../names.js';
import type { Rest, RestResult } from '../rest.js';
import { PROXIED } from './proxied.js';
import { S3 } from './s3.js';
import { SIGNED } from './signed.js';
import type { FiledTrace, LocationKind, TraceFolder } from './trace-folder.js';

/** The first kind that matches decides. */
const KINDS: readonly LocationKind[] = [SIGNED, PROXIED, S3];

/**
 * The folder of a trace's files, by its record. Fails if the server keeps files where only clients with access to its
 * storage reach them.
 */
export function traceFolder(rest: Rest, trace: FiledTrace): RestResult<TraceFolder> {
  const location = trace.tags[ARTIFACT_LOCATION] ?? '';
  const kind = KINDS.find(({ matches }) => matches(location, rest));
  return kind?.open(location, trace, rest) ?? { kind: 'configuration', reason: outOfReach(location, rest.url) };
}

function outOfReach(location: string, url: ShownText): ShownText {
  if (location === '') return say`MLflow at ${url} does not say where it keeps the spans of traces: ${UPDATE}.`;
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase() ?? 'file';
  const place = scheme === 'file' ? say`a folder of its machine` : say`${ownText(scheme)}:// storage`;
  return say`MLflow at ${url} keeps the spans of this experiment in ${place}, out of reach of this package: start it with --serve-artifacts and use a new experiment, or ${UPDATE}.`;
}

const UPDATE = say`use MLflow >= 3.4 on a database, which keeps spans there`;
