export { encodeEvent } from './event-stream.js';
export { startSimulator } from './simulator.js';
export type {
  EndpointSelector,
  Exchange,
  Operation,
  ReceivedRequest,
  SimulatedResponse,
  Simulator,
  SimulatorOptions,
  StreamEvent,
} from './types.js';
