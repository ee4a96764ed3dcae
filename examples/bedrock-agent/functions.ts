import { traced } from 'mlflow-bedrock';

type Input = Readonly<Record<string, string | undefined>>;

/** The functions that the agent may not run itself, because only the application knows the customer. */
const FUNCTIONS: Readonly<Record<string, (input: Input) => unknown>> = {
  changeAddress: traced({ name: 'changeAddress', spanType: 'TOOL' }, ({ city }: Input) => ({ city, changed: true })),
};

export async function runFunction(name: string, input: Input): Promise<unknown> {
  const result = (await FUNCTIONS[name]?.(input)) ?? { error: `There is no function ${name}.` };
  console.log(`  ${name}(${JSON.stringify(input)}) -> ${JSON.stringify(result)}`);
  return result;
}
