import { MlflowClient, type MlflowSpan, type MlflowTraceInfo } from 'opentelemetry-exporter-mlflow';
import { experimentLink, traceLink } from '../../examples/shared/links.js';
import { type Column, formatTable } from '../support/table.js';

/** Which traces to show. */
export interface TraceSelection {
  trackingUri: string;
  experimentName: string;
  /** Key and value of a tag of the traces. */
  tag: readonly [key: string, value: string];
}

const COLUMNS: readonly Column[] = [
  { title: 'trace', align: 'left' },
  { title: 'model', align: 'left' },
  { title: 'spans', align: 'right' },
  { title: 'input', align: 'right' },
  { title: 'output', align: 'right' },
  { title: 'total', align: 'right' },
  { title: 'cost', align: 'right' },
  { title: 'state', align: 'left' },
];

/** Prints the traces with the tag as the MLflow server has them, oldest first, each with a link to its page. */
export async function printTraces({ trackingUri, experimentName, tag: [key, value] }: TraceSelection): Promise<void> {
  const client = new MlflowClient({ trackingUri });
  const experiment = await client.getExperimentByName(experimentName);
  if (experiment === undefined) {
    console.log(`\nMLflow has no experiment "${experimentName}": no example has sent a trace.`);
    return;
  }
  const traces: MlflowTraceInfo[] = [];
  const search = {
    experimentIds: [experiment.experimentId],
    filter: `tags.\`${key}\` = '${value}'`,
    orderBy: ['timestamp_ms ASC'],
  };
  for await (const info of client.eachTrace(search)) traces.push(info);
  const rows = await Promise.all(traces.map(async (info) => rowOf(info, (await client.getTrace(info.traceId)).spans)));
  const [head = '', rule = '', ...lines] = formatTable(COLUMNS, rows);
  console.log(`\nRead back from MLflow, experiment "${experimentName}" (tokens, cost in US dollars):\n`);
  console.log(`${head}\n${rule}`);
  lines.forEach((line, index) => {
    const info = traces[index];
    console.log(info ? `${line}\n  ${traceLink(client.url, info)}` : line);
  });
  console.log(`\nMLflow: ${experimentLink(client.url, experiment.experimentId)}`);
  client.close();
}

function rowOf({ name, state, tokenUsage, cost }: MlflowTraceInfo, spans: readonly MlflowSpan[]): string[] {
  const models = new Set(spans.flatMap((span) => span.model ?? []));
  return [
    name,
    [...models].join(', '),
    String(spans.length),
    String(tokenUsage?.inputTokens ?? '-'),
    String(tokenUsage?.outputTokens ?? '-'),
    String(tokenUsage?.totalTokens ?? '-'),
    cost ? cost.totalCost.toFixed(6) : '-',
    state,
  ];
}
