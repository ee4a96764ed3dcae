import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { MLFLOW_VERSION } from 'testing/mlflow/install.js';
import { IMAGES, readManifest, sha256 } from 'testing/pictures.js';
import { SCENES } from 'testing/scenes.js';

const ROOT = resolve(import.meta.dirname, '../..');
const AGAIN = 'Run "npm run screenshots" and look at the pictures.';
const MAX_BYTES = 250_000;

/** That the demo's traces are still those of the pictures is checked by the test of each example. */
describe('the pictures of the documentation', () => {
  const { mlflow, images } = readManifest();

  it('show the pages of the MLflow version that the demo starts', () => {
    expect(mlflow, AGAIN).to.equal(MLFLOW_VERSION);
  });

  it('are those that `npm run screenshots` made, one for each scene', () => {
    const files = readdirSync(IMAGES).filter((name) => name !== 'manifest.json');
    expect(files, AGAIN).to.have.members(SCENES.map(({ image }) => image));
    for (const name of files)
      expect(sha256(readFileSync(join(IMAGES, name))), `${name}: ${AGAIN}`).to.equal(images[name]);
  });

  it('are small, and a page shows each with a text for those who cannot see it', () => {
    const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => readFileSync(join(ROOT, 'docs', name), 'utf8'));
    pages.push(readFileSync(join(ROOT, 'README.md'), 'utf8'));
    for (const { image } of SCENES) {
      expect(readFileSync(join(IMAGES, image)).length, image).to.be.below(MAX_BYTES);
      const isShown = new RegExp(`!\\[[^\\]]{30,}\\]\\([^)]*images/${image.replace('.', '\\.')}\\)`);
      expect(
        pages.some((page) => isShown.test(page)),
        `No page shows ${image} with a text.`,
      ).to.equal(true);
    }
  });
});
