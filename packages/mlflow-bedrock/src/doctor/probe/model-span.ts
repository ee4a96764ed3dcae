/** What the probe reads of a span. */
export interface EndedSpan {
  readonly instrumentationScope?: { readonly name?: string };
  readonly attributes?: Readonly<Record<string, unknown>>;
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };
}

const BEDROCK_SCOPE = 'opentelemetry-instrumentation-bedrock';
const OPERATION = 'gen_ai.operation.name';
/** Spans around calls, in the names of OpenTelemetry's conventions. */
const AROUND_CALLS: ReadonlySet<unknown> = new Set([
  'create_agent',
  'execute_tool',
  'invoke_agent',
  'invoke_workflow',
  'retrieval',
]);

/** Whether a span is the call of a model: of this project's instrumentation, or of another by the GenAI conventions. */
export function isModelSpan({ instrumentationScope, attributes }: EndedSpan): boolean {
  if (instrumentationScope?.name === BEDROCK_SCOPE) return true;
  const operation = attributes?.[OPERATION];
  return operation !== undefined && !AROUND_CALLS.has(operation);
}
