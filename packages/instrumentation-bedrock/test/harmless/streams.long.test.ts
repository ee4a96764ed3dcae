/** The streams of further operations, and of old clients, with and without the instrumentation. */

import { describeStreams } from '../support/stream-scenarios.js';
import { OLD_AGENT_STREAM, OTHER_STREAMS } from '../support/streaming.js';

describeStreams({ ...OLD_AGENT_STREAM, ...OTHER_STREAMS });
