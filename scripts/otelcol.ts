import { buildOtelcol, whyNoOtelcol } from 'testing/otelcol.js';

/** `node scripts/bootstrap.mjs otelcol` builds the Collector before the tests need it, if there is a suitable Go. */
export async function main(): Promise<number> {
  const reason = await whyNoOtelcol();
  console.log(reason ?? `The Collector is ${await buildOtelcol(console.log)}`);
  return 0;
}
