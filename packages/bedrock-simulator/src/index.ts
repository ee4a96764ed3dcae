export { encodeEvent } from './event-stream.js';
export { startSimulator } from './simulator.js';
export type {
  EndpointSelector,
  Exchange,
  ReceivedRequest,
  ServiceId,
  SimulatedResponse,
  Simulator,
  SimulatorOptions,
  StreamEvent,
} from './types.js';
