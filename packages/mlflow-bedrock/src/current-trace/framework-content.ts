import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import { contentConfig } from './content-config.js';

/** Strands sets it at the start of each of its spans, whose scope has the name of the service. */
const MARK_OF_STRANDS = 'gen_ai.event.start_time';
/** The scope of Anthropic's SDK, which adds the platform. */
const ANTHROPIC_SCOPE = 'com.anthropic.sdk.typescript';

/** Attributes with content. Others are figures, ids and names, or come from the application. */
const CONTENT = [
  'anthropic.tool_result.content',
  'content',
  'gen_ai.agent.input',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.request.stop_sequences',
  'gen_ai.system_instructions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.tool.definitions',
  'gen_ai.tool.description',
  'system_prompt',
] as const;
const ERROR_TYPE = 'exception.type';

/** The parts of a span of OpenTelemetry's SDK in use. */
interface EndingSpan extends Pick<Span, 'setStatus'> {
  readonly attributes: Attributes;
  readonly events: { readonly name: string; attributes?: Attributes }[];
  readonly status: { readonly code: SpanStatusCode };
  readonly instrumentationScope: { readonly name: string };
}

/**
 * Removes the content from a span of Strands or of Anthropic's SDK that is about to end, if no content is recorded. Strands
 * has no switch for it and advises to do so in a span processor. Anthropic's SDK has one of its own.
 */
export function dropFrameworkContent(span: EndingSpan): void {
  const { attributes, events, status } = span;
  if (!isOfFramework(span) || contentConfig().contentOnSpans) return;
  for (const name of CONTENT) delete attributes[name];
  const errors = events.filter(({ name }) => name === 'exception');
  for (const error of errors) error.attributes = { [ERROR_TYPE]: error.attributes?.[ERROR_TYPE] };
  events.splice(0, events.length, ...errors);
  // The message repeats that of the error.
  if (status.code === SpanStatusCode.ERROR) span.setStatus({ code: SpanStatusCode.ERROR });
}

function isOfFramework({ attributes, instrumentationScope: { name } }: EndingSpan): boolean {
  return attributes[MARK_OF_STRANDS] !== undefined || name.startsWith(ANTHROPIC_SCOPE);
}
