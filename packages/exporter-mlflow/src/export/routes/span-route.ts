import type { OtlpEndpoint } from '../../mlflow/otlp.js';
import type { Settling } from '../settle/settle.js';
import type { RecordContext } from '../trace/record.js';

/** How the spans of a trace get to a server, and what else the trace needs there. */
export interface SpanRoute {
  /** Where spans go by OTLP. Absent if the server never takes them: each trace is a record and a file then. */
  readonly otlp?: OtlpEndpoint;
  /**
   * Creates what sends records, and corrections of them, for spans that went by OTLP.
   *
   * @param onNote receives a message for the log
   */
  createSettling(program: Omit<RecordContext, 'experimentId'>, onNote: (message: string) => void): Settling;
}
