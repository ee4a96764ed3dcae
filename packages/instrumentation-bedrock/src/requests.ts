/** Which requests of a process go to Amazon Bedrock, for packages that look for calls that are not traced. */

export { adviceFor, BUNDLE_ADVICE } from './sdk/unseen/advice.js';
export { endpointHosts, isBedrockAgent, isBedrockHost } from './sdk/unseen/hosts.js';
export { type OutgoingRequest, observeRequests, type RequestObserver } from './sdk/unseen/requests.js';
