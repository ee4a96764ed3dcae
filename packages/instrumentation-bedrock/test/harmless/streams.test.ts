/** Streams of models and agents with and without the instrumentation. */

import { describeStreams } from '../support/stream-scenarios.js';
import { AGENT_STREAM, RUNTIME_STREAMS } from '../support/streaming.js';

describeStreams({ ...RUNTIME_STREAMS, ...AGENT_STREAM });
