import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { catchInterrupt } from '../../scripts/support/interrupt.js';
import { ROOT } from './pages.js';
import { buildSite, OUT, serveSite } from './site.js';

const USAGE = `Usage: npm run docs:site                       builds the documentation site into ${relative(ROOT, OUT)}
       npm run docs:site -- --serve            builds it, and shows it on this machine until Ctrl-C
       npm run docs:site -- --base /bedrock/   builds it for a web server that has it below that path`;

/** `npm run docs:site` */
export async function main(args: string[]): Promise<number> {
  const { base, serve } = optionsOf(args);
  await buildSite({ base });
  console.log(`The site is in ${relative(ROOT, OUT)}.`);
  if (!serve) return 0;
  const interrupt = catchInterrupt();
  const server = await serveSite(base);
  console.log(`It is on ${server.url}${base} until you press Ctrl-C.`);
  await interrupt.happened;
  await server.close();
  return 0;
}

function optionsOf(args: string[]): { base: string; serve: boolean } {
  try {
    const options = { base: { type: 'string', default: '/' }, serve: { type: 'boolean', default: false } } as const;
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`);
  }
}
