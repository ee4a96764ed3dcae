import type { ModelPrices, PriceList } from './price-list.js';

/** What a span shows about the model that it called. */
export interface CalledModel {
  /** As the application named it: an id, an inference profile or an ARN. */
  model: string;
  /** The provider or vendor; absent if the span has none. */
  provider?: string | undefined;
}

/** The lists with ids of Bedrock. The first one with a price for input wins. */
const BEDROCK_LISTS = ['bedrock', 'bedrock_mantle'] as const;

/**
 * Lists of MLflow's catalog by provider: their own names, and the names of the GenAI conventions. No other name becomes a
 * part of an address, because a recorded value must not reach a public server.
 */
const LISTS: ReadonlyMap<string, string> = new Map([
  ...[...BEDROCK_LISTS, 'anthropic', 'azure', 'azure_ai', 'cohere', 'databricks', 'deepseek', 'fireworks_ai'].map(same),
  ...['gemini', 'groq', 'mistral', 'openai', 'openrouter', 'perplexity', 'sagemaker'].map(same),
  ...['together_ai', 'vertex_ai', 'watsonx', 'xai'].map(same),
  ['azure.ai.inference', 'azure_ai'],
  ['azure.ai.openai', 'azure'],
  ['gcp.gemini', 'gemini'],
  ['gcp.vertex_ai', 'vertex_ai'],
  ['ibm.watsonx.ai', 'watsonx'],
  ['mistral_ai', 'mistral'],
  ['x_ai', 'xai'],
]);
/** Addresses of models behind MLflow's gateway and Databricks' endpoints, which no list has. */
const ROUTES = /^(?:gateway|endpoints):\//;

function same(name: string): [string, string] {
  return [name, name];
}

/**
 * Finds the prices of a model as Python's client does: by its id without what precedes the first slash, first in the list
 * of the provider, then in those with ids of Bedrock. Python's client goes on to the lists of all other providers, and
 * takes a model without prices for free.
 *
 * @see calculate_cost_by_model_and_token_usage in mlflow/tracing/utils/__init__.py
 * @param list returns a list of the catalog; undefined if there is none
 */
export async function findPrices(
  called: CalledModel,
  list: (name: string) => Promise<PriceList | undefined>,
): Promise<ModelPrices | undefined> {
  if (ROUTES.test(called.model)) return undefined;
  const id = called.model.slice(called.model.indexOf('/') + 1);
  const own = listOfProvider(called, id);
  const ofProvider = own === undefined ? undefined : await list(own);
  // No other list is searched if this one has the model without prices: another provider's prices may differ.
  if (ofProvider?.has(id)) return ofProvider.get(id);
  let withoutInput: ModelPrices | undefined;
  for (const name of BEDROCK_LISTS) {
    const prices = (await list(name))?.get(id);
    if (prices?.input) return prices;
    withoutInput ??= prices;
  }
  return withoutInput;
}

function listOfProvider({ model, provider }: CalledModel, id: string): string | undefined {
  if (!provider) return /^databricks[-/]/.test(model) ? 'databricks' : undefined;
  const name = provider.toLowerCase();
  // A vendor of models on Bedrock. Its own list has other ids, so there is no need to fetch it.
  const isVendor = model.startsWith('arn:') || id.startsWith(`${name}.`) || id.includes(`.${name}.`);
  return isVendor ? undefined : LISTS.get(name);
}
