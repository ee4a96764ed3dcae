import type { DemoExample } from './examples.js';
import type { MlflowPages } from './mlflow-pages.js';

/** The traces of a demo, by the example that made them, the oldest first. */
type DemoTraces = Readonly<
  Record<DemoExample, readonly { readonly traceId: string; readonly sessionId?: string | undefined }[]>
>;

/** A page of MLflow with something of the demo, as a test checks it and a picture of the documentation shows it. */
interface Scene {
  /** Completes a sentence that begins with "MLflow's pages". */
  readonly title: string;
  /** The picture in `docs/images`. */
  readonly image: string;
  /** Size of the window. Default: {@link WINDOW}. */
  readonly size?: { readonly width: number; readonly height: number };
  /** The examples whose traces make the picture what it is. */
  readonly examples: readonly DemoExample[];
  /** Opens the page. Rejects if it does not show what a person looks for. */
  open(pages: MlflowPages, traces: DemoTraces): Promise<void>;
}

export const WINDOW = { width: 1440, height: 900 };
const CHAT = 'chat amazon.nova-pro-v1:0';

export const SCENES: readonly Scene[] = [
  {
    title: 'list the traces with question, answer, session, state, tokens and cost',
    image: 'mlflow-traces.png',
    size: { width: 1760, height: 780 },
    examples: ['quickstart', 'streaming', 'agent', 'bedrock-agent', 'knowledge-base'],
    async open(pages) {
      await pages.traces();
      await pages.shows('Here is what I found');
      await pages.toggleColumns('Cost', 'Tags');
      for (const column of ['Input', 'Output', 'Session', 'State', 'Tokens', 'Cost']) {
        await pages.page.getByRole('columnheader', { name: column }).waitFor();
      }
      await pages.row('weather in Paris').shows('Here is what I found', /^exam/, 'OK', '1014', '$0.001133');
      await pages.row('Paris', { exact: true }).shows('Error');
    },
  },
  {
    title: 'show an agent’s trace as a tree, and a model call with system prompt, tool calls, tool results and figures',
    image: 'mlflow-trace.png',
    examples: ['agent'],
    async open(pages, { agent: [trace] }) {
      await openAgent(pages, trace?.traceId ?? '');
      await pages.shows('$0.000368');
    },
  },
  {
    title: 'show the chunks of a stream as events',
    image: 'mlflow-stream.png',
    size: { ...WINDOW, height: 560 },
    examples: ['streaming'],
    async open(pages, { streaming: [trace] }) {
      await pages.trace(trace?.traceId ?? '');
      await pages.span('chat amazon.nova-lite-v1:0');
      await pages.tab('Events');
      await pages.shows('messageStart', 'contentBlockDelta', '{"delta":{"text":"Tell me"},"contentBlockIndex":0}');
    },
  },
  {
    title: 'show the service’s error of a call that failed',
    image: 'mlflow-error.png',
    size: { ...WINDOW, height: 330 },
    examples: ['quickstart'],
    async open(pages, { quickstart }) {
      await pages.trace(quickstart.at(-1)?.traceId ?? '');
      await pages.shows('Error', 'Exception', 'ValidationException', 'The model is unsupported for streaming.');
    },
  },
  {
    title: 'show the turns of a session in their order',
    image: 'mlflow-session.png',
    examples: ['bedrock-agent'],
    async open(pages, { 'bedrock-agent': [first] }) {
      await pages.session(first?.sessionId ?? '');
      await pages.shows('Turn 1', 'Where is parcel 1042', 'Nordic Post', 'Turn 2', 'Change my address to Berlin.');
    },
  },
  {
    title: 'show what an agent of Amazon Bedrock did as a tree',
    image: 'mlflow-bedrock-agent.png',
    examples: ['bedrock-agent'],
    async open(pages, { 'bedrock-agent': [trace] }) {
      await pages.trace(trace?.traceId ?? '');
      await pages.span('invoke_agent');
      await pages.bubble('User').shows('Where is parcel 1042');
      await pages.bubble('Assistant').shows('carrier Nordic Post');
      const steps = ['retrieval SHOPKB0001', 'execute_tool getParcelStatus', 'invoke_agent DeliveryPlanner', CHAT];
      await pages.shows('apply_guardrail', ...steps, 'execute_tool getDeliveryDays', '2,896 tokens');
    },
  },
  {
    title: 'show the documents that a knowledge base found, with their source',
    image: 'mlflow-documents.png',
    size: { ...WINDOW, height: 700 },
    examples: ['knowledge-base'],
    async open(pages, { 'knowledge-base': [trace] }) {
      await pages.trace(trace?.traceId ?? '');
      await pages.shows('Can I return boots, and is there a warranty for tents?');
      await pages.content.getByText('Tents and rucksacks have a warranty').first().click();
      await pages.shows('Unused boots and clothes', 'The warranty covers seams', 's3://example-shop/warranty.txt');
    },
  },
];

/** Opens the trace of the example `agent`, and its second model call. */
export async function openAgent(pages: MlflowPages, traceId: string): Promise<void> {
  await pages.trace(traceId);
  await pages.shows('invoke_agent weather-agent', 'execute_tool get_local_time', '1,014 tokens');
  await pages.span(CHAT, 1);
  await pages.bubble('System').shows('You are a travel assistant.');
  await pages.bubble('User').shows('What is the weather in Paris and Tokyo, and what is the local time there?');
  await pages.bubble('Assistant').shows('get_weather', 'city', 'Tokyo', 'I will call get_weather');
  await pages.shows('{"sky":"light rain","celsius":11}', '337 tokens');
}
