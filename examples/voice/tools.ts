import { traced } from 'mlflow-bedrock';

/** The tool, described for the model. Nova Sonic wants the schema as text. */
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

export const toolConfiguration = {
  tools: [
    {
      toolSpec: {
        name: 'get_weather',
        description: 'The current weather in a city.',
        inputSchema: { json: JSON.stringify(schema) },
      },
    },
  ],
};

const weather: Record<string, object> = { Paris: { sky: 'light rain', celsius: 11 } };

/** The tools. A real assistant would call services here. */
const tools: Record<string, (input: { city: string }) => Promise<object>> = {
  get_weather: traced({ name: 'execute_tool get_weather', spanType: 'TOOL' }, async ({ city }: { city: string }) => {
    return weather[city] ?? { unknown: city };
  }),
};

/** Returns the result of a tool as text, also if it fails, so that the model can say so. */
export async function runTool(name: string, input: string): Promise<string> {
  try {
    const tool = tools[name];
    if (tool === undefined) throw new Error(`There is no tool "${name}".`);
    return JSON.stringify(await tool(JSON.parse(input)));
  } catch (error) {
    return JSON.stringify({ error: (error as Error).message });
  }
}
