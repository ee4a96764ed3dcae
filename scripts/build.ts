import { buildPackages } from 'testing/build.js';

/** `npm run build` */
export async function main(): Promise<number> {
  const built = await buildPackages();
  console.log(built.length === 0 ? 'Every package is up to date.' : `Built ${built.join(', ')}.`);
  return 0;
}
