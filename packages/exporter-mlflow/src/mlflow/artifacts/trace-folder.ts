import type { Failure } from '../../http/exchange/outcome.js';
import type { Rest, RestResult } from '../rest.js';

/** The record of a trace, as far as it decides where the files of the trace are. */
export interface FiledTrace {
  readonly traceId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The folder with the files of one trace. It outlives the time limits of the requests, so each call takes its own. */
export interface TraceFolder {
  /** Writes `traces.json` in place of an earlier one. */
  put(rest: Rest, body: Uint8Array): Promise<Failure | undefined>;
  /** Reads `traces.json`. The value is undefined if the folder has none. */
  get(rest: Rest): Promise<RestResult<string | undefined>>;
}

/** A kind of place for the files of traces. */
export interface LocationKind {
  /** @param location the tag `mlflow.artifactLocation`; empty if the record has none */
  matches(location: string, rest: Rest): boolean;
  /** Fails if the location names no folder. */
  open(location: string, trace: FiledTrace, rest: Rest): RestResult<TraceFolder>;
}

/** The file with the spans of a trace. */
export const TRACES_JSON = 'traces.json';
