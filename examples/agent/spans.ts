import { type Attributes, type Span, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('weather-agent');

/**
 * Runs `work` inside a span that shows its input and output in MLflow. Spans that start during `work`, such as those of
 * calls to Bedrock, become its children.
 *
 * `mlflow.spanInputs` and `mlflow.spanOutputs` hold JSON. `attributes` includes the type of the span (AGENT, TOOL, ...).
 */
export function inSpan<T>(name: string, attributes: Attributes, input: unknown, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span: Span) => {
    span.setAttribute('mlflow.spanInputs', JSON.stringify(input));
    try {
      const output = await work();
      span.setAttribute('mlflow.spanOutputs', JSON.stringify(output));
      return output;
    } catch (error) {
      span.recordException(error as Error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
      throw error;
    } finally {
      span.end();
    }
  });
}
