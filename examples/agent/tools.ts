import type { Tool } from '@aws-sdk/client-bedrock-runtime';

interface CityInput {
  city: string;
}

/** Descriptions of the tools for the model. */
export const toolDefinitions: Tool[] = [
  cityTool('get_weather', 'The current weather in a city.'),
  cityTool('get_local_time', 'The local time in a city.'),
];

/** The tools. A real agent would call services here. */
const implementations: Record<string, (input: CityInput) => Promise<unknown>> = {
  get_weather: async ({ city }) => weather[city] ?? { unknown: city },
  get_local_time: async ({ city }) => {
    const timeZone = timeZones[city];
    if (timeZone === undefined) return { unknown: city };
    return { time: new Date().toLocaleTimeString('en-GB', { timeZone, timeStyle: 'short' }) };
  },
};

const weather: Record<string, { sky: string; celsius: number }> = {
  Paris: { sky: 'light rain', celsius: 11 },
  Tokyo: { sky: 'sunny', celsius: 19 },
};

const timeZones: Record<string, string> = { Paris: 'Europe/Paris', Tokyo: 'Asia/Tokyo' };

/** @throws Error if the tool does not exist, because models sometimes invent names. */
export async function runTool(name: string, input: unknown): Promise<unknown> {
  const tool = implementations[name];
  if (tool === undefined) throw new Error(`There is no tool "${name}".`);
  return tool(input as CityInput);
}

function cityTool(name: string, description: string): Tool {
  const json = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  return { toolSpec: { name, description, inputSchema: { json } } };
}
