import { ownText, say } from '../../common/shown-text.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { mlflowTraceId, SPANS_LOCATION } from '../names.js';
import type { Rest, RestResult } from '../rest.js';
import { getTrace, getTraceInfo, getTraceOfBatch, inOrderOfStart } from '../traces.js';
import type { MlflowSpan, MlflowTrace, MlflowTraceInfo } from '../types.js';
import { traceFolder } from './locations.js';
import { parseTracesJson } from './parse-traces-json.js';
import { TRACES_JSON } from './trace-folder.js';

/**
 * The trace with its spans, wherever the server keeps them: in its database, or in the file `traces.json`. A trace whose
 * file does not exist has no spans. Fails with `RESOURCE_DOES_NOT_EXIST` if there is no such trace.
 */
export async function getStoredTrace(rest: Rest, traceId: string): Promise<RestResult<MlflowTrace>> {
  // Databricks keeps all spans of experiments in files.
  if (rest.service === 'databricks') return getFiledTrace(rest, traceId);
  const answer = await getTrace(rest, traceId);
  if (answer.kind === 'success' || !mayHaveFile(answer)) return answer;
  const info = await getTraceInfo(rest, traceId);
  if (info.kind !== 'success') return info.kind === 'unsupported' ? answer : info;
  if (info.value.tags[SPANS_LOCATION] === undefined) return withSpans(rest, info.value);
  // As Python's client does for servers before MLflow 3.7, which have spans in their database but not this route.
  const batch = await getTraceOfBatch(rest, traceId);
  return batch.kind === 'success' ? { ...batch, value: batch.value ?? { info: info.value, spans: [] } } : answer;
}

async function getFiledTrace(rest: Rest, traceId: string): Promise<RestResult<MlflowTrace>> {
  const info = await getTraceInfo(rest, traceId);
  return info.kind === 'success' ? withSpans(rest, info.value) : info;
}

async function withSpans(rest: Rest, info: MlflowTraceInfo): Promise<RestResult<MlflowTrace>> {
  const spans = await readSpans(rest, info);
  return spans.kind === 'success' ? { kind: 'success', value: { info, spans: spans.value } } : spans;
}

/** A server that never has spans in its database lacks the route, or a gateway before it does not know the route. */
function mayHaveFile({ kind, lacksSpans, status }: Failure): boolean {
  return kind === 'unsupported' || lacksSpans === true || status === 403;
}

async function readSpans(rest: Rest, info: MlflowTraceInfo): Promise<RestResult<MlflowSpan[]>> {
  const folder = traceFolder(rest, info);
  if (folder.kind !== 'success') return folder;
  const file = await folder.value.get(rest);
  if (file.kind !== 'success') return file;
  try {
    return { kind: 'success', value: file.value === undefined ? [] : inOrderOfStart(parseTracesJson(file.value)) };
  } catch {
    const trace = ownText(mlflowTraceId(info.traceId));
    return {
      kind: 'rejected',
      reason: say`${ownText(TRACES_JSON)} of trace ${trace} is not a file that MLflow writes.`,
    };
  }
}
