import { dirname, join } from 'node:path';
import { type Finished, runNode } from 'testing/run.js';
import type { Block } from './blocks.js';
import { writeSources } from './compile.js';
import type { Source } from './sources.js';

/** A block that runs, and the file that it is in. */
export interface Program {
  readonly block: Block;
  readonly source: Source;
}

/** What takes the place of addresses and of the experiment on the pages. */
export interface Surroundings {
  readonly mlflow: string;
  readonly otlp: string;
  readonly experiment: string;
}

/** Is traced by a set-up of a page. It flushes what the set-up exports, as the pages advise. */
const APPLICATION = `import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';

const messages = [{ role: 'user', content: [{ text: 'Hello' }] }];
await new BedrockRuntimeClient().send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
const setUp = await import(process.argv[2]);
for (const part of Object.values(setUp)) await part.shutdown();`;

/** The blocks that run. */
export function programsOf(sources: readonly Source[]): Program[] {
  return sources.flatMap((source) => {
    const block = source.blocks.find(({ runs, tracesTo }) => runs !== undefined || tracesTo !== undefined);
    return block === undefined ? [] : [{ block, source }];
  });
}

/**
 * Writes programs into folders of their own, with the other files of their pages that have names.
 *
 * @param surroundings by program
 * @returns a function that runs one of them, and one that removes all
 * @throws Error with the compiler's messages if it cannot make JavaScript of TypeScript
 */
export async function writePrograms(
  root: string,
  sources: readonly Source[],
  surroundings: ReadonlyMap<Program, Surroundings>,
): Promise<{ run: (program: Program, env: NodeJS.ProcessEnv) => Promise<Finished>; remove: () => void }> {
  const folders = new Map([...surroundings.keys()].map((program, index) => [program, `${index}`]));
  const files = [...surroundings].flatMap(([program, around]) => {
    const { page } = program.source;
    const needed = sources.filter((other) => other === program.source || (other.page === page && isNamed(other)));
    const path = `${folders.get(program)}/`;
    return [
      ...needed.map((source) => ({ ...source, file: path + source.file, lines: placed(source.lines, around) })),
      { page, file: `${path}${dirname(program.source.file)}/application.js`, lines: APPLICATION_LINES, blocks: [] },
    ];
  });
  const { folder, remove } = writeSources(root, files);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { code, output } = await runNode([tsc, '-p', 'ts', '--noEmit', 'false', '--noCheck'], { cwd: folder });
  if (code !== 0) {
    remove();
    throw new Error(output);
  }
  return {
    run: (program, env) => {
      const file = `./${program.source.file.split('/').slice(1).join('/').replace(/ts$/, 'js')}`;
      const args = program.block.tracesTo === undefined ? [file] : ['--import', file, 'application.js', file];
      const [pageFolder = ''] = program.source.file.split('/');
      return runNode(args, { cwd: join(folder, folders.get(program) ?? '', pageFolder), env });
    },
    remove,
  };
}

const APPLICATION_LINES = APPLICATION.split('\n').map((text, index) => ({ text, number: index + 1 }));

function isNamed({ file }: Source): boolean {
  return !/\/line-\d+/.test(file);
}

function placed(lines: Source['lines'], { mlflow, otlp, experiment }: Surroundings): Source['lines'] {
  return lines.map(({ text, number }) => ({
    text: text
      .replaceAll('http://localhost:5000', mlflow)
      .replaceAll('http://localhost:4318', otlp)
      .replace(/(experimentName: |getOrCreateExperiment\()'[^']*'/, `$1'${experiment}'`),
    number,
  }));
}
