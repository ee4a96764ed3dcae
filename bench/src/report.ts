/** Measures everything and arranges it: a row for each measure, a column for each instrumentation. */

import { isStream, OPERATIONS, type Operation } from './answers.js';
import { measureCalls } from './calls.js';
import type { Bench } from './child.js';
import { type ExporterCosts, measureExporters } from './exporters.js';
import { type ColdStarts, measureColdStarts, processesFor } from './lambda/cold-start.js';
import { measureOpenStream } from './memory.js';
import { measureLoading, measureRegister } from './start-up.js';
import { figureOf, ratioOf } from './statistics.js';
import type { Cell, Table } from './table.js';
import { MODES, type Mode, partsOf, SUBJECTS, type Subject, type Variant, variantsOf } from './variants.js';

/** Parts of the benchmark, in the order in which they run. */
export const PARTS = ['calls', 'memory', 'start-up', 'cold-start', 'exporters'] as const;
export type PartName = (typeof PARTS)[number];

/** Runs the parts and returns their tables. */
export async function measureAll(bench: Bench, parts: readonly PartName[]): Promise<Table[]> {
  const subjects = SUBJECTS.filter((subject) => subject !== 'before' || bench.base !== undefined);
  const rows: Cell[][] = [];
  if (parts.includes('calls')) {
    for (const operation of OPERATIONS) rows.push(...(await callRows(operation, subjects, bench)));
  }
  if (parts.includes('memory')) rows.push(...(await memoryRows(subjects, bench)));
  if (parts.includes('start-up')) rows.push(...(await startUpRows(subjects, bench)));
  const others = subjects.includes('before') ? ['openinference', 'before'] : ['openinference'];
  const columns = ['', 'recorded', 'without', ...subjects, ...others.map((other) => `÷ ${other}`)];
  const tables: Table[] = rows.length > 0 ? [{ columns, rows }] : [];
  if (parts.includes('cold-start')) tables.push(await coldStartTable(bench));
  if (parts.includes('exporters')) tables.push(await exporterTable(bench));
  return tables;
}

/** Values of one measure, one of each process; empty if there are none, or a text that says why. */
type Values = (subject: Subject | 'none') => readonly number[] | string;

/** A row of the first table, with the ratios of this project to others. */
function rowOf(what: string, mode: Mode | '', subjects: readonly Subject[], valuesOf: Values): Cell[] {
  const cells = (['none', ...subjects] as const).map((subject): Cell => {
    const values = valuesOf(subject);
    return typeof values === 'string' ? values : values.length > 0 ? figureOf(values) : undefined;
  });
  const own = valuesOf('this project');
  const others = (['openinference', 'before'] as const).filter((other) => subjects.includes(other));
  const ratios = others.map((other): Cell => {
    const values = valuesOf(other);
    return typeof own === 'string' || typeof values === 'string' ? undefined : ratioOf(own, values);
  });
  return [what, mode, ...cells, ...ratios];
}

async function callRows(operation: Operation, subjects: readonly Subject[], bench: Bench): Promise<Cell[][]> {
  bench.log(operation);
  const modes = MODES.filter((mode) => mode !== 'chunk events' || isStream(operation));
  const variants = variantsOf(subjects).filter((variant) => modes.includes(partsOf(variant).mode));
  const times = await measureCalls(operation, variants, bench);
  const row = (what: string, mode: Mode, valuesOf: (variant: Variant | 'none') => readonly number[]): Cell[] =>
    rowOf(what, mode, subjects, (subject) => {
      if (subject === 'none') return mode === 'content' ? valuesOf('none') : [];
      const variant: Variant = `${subject}, ${mode}`;
      return times.faultOf(variant) ?? valuesOf(variant);
    });
  const rows = modes.map((mode) => row(`${operation}, µs`, mode, (variant) => times.perCall(variant)));
  if (!isStream(operation)) return rows;
  const chunkModes = modes.filter((mode) => mode !== 'unsampled');
  return [...rows, ...chunkModes.map((mode) => row('– one chunk, µs', mode, (variant) => times.perChunk(variant)))];
}

/** Chunks that an application has read of an open stream. */
const READ_CHUNKS = [100, 10_000] as const;

async function memoryRows(subjects: readonly Subject[], bench: Bench): Promise<Cell[][]> {
  // Traceloop reads the whole stream before it returns it, so with it no stream is open.
  const open = subjects.filter((subject) => subject !== 'traceloop');
  const variants = variantsOf(open).filter((variant) => partsOf(variant).mode !== 'unsampled');
  const rows: Cell[][] = [];
  for (const chunks of READ_CHUNKS) {
    bench.log(`Open streams after ${chunks} chunks`);
    const kept = await measureOpenStream(variants, chunks, bench);
    for (const mode of MODES.filter((mode) => mode !== 'unsampled')) {
      const what = `Open stream, ${chunks.toLocaleString('en-US')} chunks, KiB`;
      const valuesOf: Values = (subject) => kept.get(`${subject}, ${mode}` as Variant) ?? [];
      rows.push(rowOf(what, mode, subjects, valuesOf));
    }
  }
  return rows;
}

async function startUpRows(subjects: readonly Subject[], bench: Bench): Promise<Cell[][]> {
  bench.log('Loading');
  const loading = await measureLoading(subjects, bench);
  const register = await measureRegister(bench);
  return [
    rowOf('Loading, ms', '', subjects, (subject) => loading.get(subject) ?? []),
    rowOf('mlflow-bedrock/register, ms', '', subjects, (subject) => register.get(subject) ?? []),
  ];
}

async function coldStartTable(bench: Bench): Promise<Table> {
  bench.log('Cold starts of AWS Lambda');
  const starts = [...(await measureColdStarts({ ...bench, processes: processesFor(bench) }))];
  const cells = ({ without, traced }: ColdStarts, time: 'init' | 'invocation'): Cell[] =>
    [without, traced].map((all) => figureOf(all.map((start) => start[time])));
  return {
    columns: ['', 'init, ms', 'init with tracing', 'first invocation, ms', 'first invocation with tracing'],
    rows: starts.map(([form, both]) => [form, ...cells(both, 'init'), ...cells(both, 'invocation')]),
  };
}

async function exporterTable(bench: Bench): Promise<Table> {
  bench.log('Exporters');
  const costs = [...(await measureExporters(bench))];
  const cpuOf = (own: readonly ExporterCosts[] = []): number[] => own.map(({ cpu }) => cpu);
  const stock = cpuOf(costs[0]?.[1]);
  return {
    columns: ['', 'CPU per span, µs', '÷ stock OTLP', 'requests per batch', 'bytes per span'],
    rows: costs.map(([name, own]) => [
      name,
      figureOf(cpuOf(own)),
      ratioOf(cpuOf(own), stock),
      figureOf(own.map(({ requestsPerBatch }) => requestsPerBatch)),
      figureOf(own.map(({ bytesPerSpan }) => bytesPerSpan)),
    ]),
  };
}
