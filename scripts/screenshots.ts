import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MlflowClient, MlflowTraceInfo } from 'opentelemetry-exporter-mlflow';
import { startBrowser, type TestBrowser } from 'testing/browser.js';
import { buildPackages } from 'testing/build.js';
import { byExample, DEMO_EXPERIMENT, runDemo } from 'testing/demo.js';
import { MLFLOW_VERSION } from 'testing/mlflow/install.js';
import { startMlflow } from 'testing/mlflow/server.js';
import { MlflowPages } from 'testing/mlflow-pages.js';
import { fingerprint, IMAGES, type Manifest, sha256 } from 'testing/pictures.js';
import { SCENES, WINDOW } from 'testing/scenes.js';

/** `npm run screenshots` runs the demo with a new MLflow server, and makes the pictures of the documentation again. */
export async function main(): Promise<number> {
  const log = (line: string): void => console.log(`• ${line}`);
  const browser = await startBrowser();
  if (!browser) return 1;
  await buildPackages();
  const directory = await mkdtemp(join(tmpdir(), 'screenshots-'));
  const server = await startMlflow({ directory, log });
  try {
    log('Running the demo');
    const { code, output } = await runDemo(server.url);
    if (code !== 0) throw new Error(`The demo ended with ${code}:\n${output}`);
    await makePictures(browser, server.url, log);
    return 0;
  } finally {
    await browser.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function makePictures(browser: TestBrowser, url: string, log: (line: string) => void): Promise<void> {
  // Loaded now, because it imports a package that must be built first.
  const { MlflowClient } = await import('opentelemetry-exporter-mlflow');
  const client = new MlflowClient({ trackingUri: url });
  const { experimentId = '' } = (await client.getExperimentByName(DEMO_EXPERIMENT)) ?? {};
  const traces = byExample(await tracesOf(client, experimentId));
  const pages = await MlflowPages.open(browser, { url, experimentId });
  const images: Record<string, string> = {};
  for (const scene of SCENES) {
    await pages.page.setViewportSize(scene.size ?? WINDOW);
    await scene.open(pages, traces);
    await pages.settled();
    await pages.page.screenshot({ path: join(IMAGES, scene.image) });
    images[scene.image] = sha256(await readFile(join(IMAGES, scene.image)));
    log(scene.image);
  }
  const fingerprints: Record<string, string> = {};
  for (const example of new Set(SCENES.flatMap(({ examples }) => examples))) {
    fingerprints[example] = fingerprint(
      await Promise.all(traces[example].map(({ traceId }) => client.getTrace(traceId))),
    );
  }
  client.close();
  const manifest: Manifest = { mlflow: MLFLOW_VERSION, traces: fingerprints, images };
  await writeFile(join(IMAGES, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Returns the traces of an experiment, the oldest first. */
async function tracesOf(client: MlflowClient, experimentId: string): Promise<MlflowTraceInfo[]> {
  const found: MlflowTraceInfo[] = [];
  const search = { experimentIds: [experimentId], orderBy: ['timestamp_ms ASC'] };
  for await (const info of client.eachTrace(search)) found.push(info);
  return found;
}
