export { encodeEvent } from './event-stream.js';
export { silence, speak } from './model/speech.js';
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
