/** `client.destroy()` while streams of agents and knowledge bases are open. */

import { http1Handler } from '../support/compare.js';
import { describeDestroy } from '../support/destroy-scenarios.js';
import { AGENT_STREAM, OLD_AGENT_STREAM, OTHER_STREAMS } from '../support/streaming.js';

describeDestroy('the newest SDK over HTTP/2', OTHER_STREAMS);
describeDestroy('the newest SDK over HTTP/1.1', AGENT_STREAM, http1Handler());
describeDestroy('SDK 3.600', OLD_AGENT_STREAM);
