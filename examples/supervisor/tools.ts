import { traced } from 'mlflow-bedrock';
import type { AgentTool } from './agent.js';

const weather: Record<string, string> = {
  Paris: 'light rain, 11 degrees',
  Tokyo: 'sunny, 19 degrees',
};

const events: Record<string, string> = {
  Paris: 'jazz on the canal',
  Tokyo: 'a lantern market',
};

/** Returns the weather. Each run is a TOOL span. A real agent would call a service here. */
export const getWeather: AgentTool = {
  name: 'get_weather',
  description: 'The weather in a city this weekend.',
  run: traced({ name: 'get_weather', spanType: 'TOOL' }, async ({ city }) => weather[city] ?? `nothing about ${city}`),
};

export const listEvents: AgentTool = {
  name: 'list_events',
  description: 'The events in a city this weekend.',
  run: traced({ name: 'list_events', spanType: 'TOOL' }, async ({ city }) => events[city] ?? `nothing about ${city}`),
};
