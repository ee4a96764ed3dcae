/** The samples cover what this package claims to read. */

import { expect } from 'chai';
import { identifyModel } from '../src/data/model-id.js';
import { createChunkListFold } from '../src/dialects/chunk-list-fold.js';
import { DIALECTS } from '../src/dialects/index.js';
import { readSamples, sampleFiles } from './support/exchanges.js';

const samples = readSamples();

/** Operations beside InvokeModel and its stream, and the folder of their samples. */
const OTHER_OPERATIONS: readonly (readonly [operation: string, folder: string])[] = [
  ['Converse', 'converse'],
  ['ConverseStream', 'converse'],
  ['CountTokens', 'count-tokens'],
  ['ApplyGuardrail', 'apply-guardrail'],
  ['StartAsyncInvoke', 'async-invoke'],
  ['GetAsyncInvoke', 'async-invoke'],
  ['ListAsyncInvokes', 'async-invoke'],
  ['InvokeModel', 'unknown'],
  ['InvokeModelWithResponseStream', 'unknown'],
];

describe('the samples', () => {
  for (const { models, dialect } of DIALECTS) {
    const hasStream = dialect.createFold !== createChunkListFold;
    for (const operation of ['InvokeModel', ...(hasStream ? ['InvokeModelWithResponseStream'] : [])]) {
      it(`have one of ${operation} in the dialect ${dialect.name} for a model that matches ${models}`, () => {
        const found = ofFolder(dialect.name).filter(
          (sample) => sample.operation === operation && models.test(identifyModel(sample.modelId ?? '').baseId ?? ''),
        );
        expect(found.map(({ id }) => id)).to.not.deep.equal([]);
      });
    }
  }

  for (const { name, createFold } of new Set(DIALECTS.map(({ dialect }) => dialect))) {
    if (createFold === createChunkListFold) continue;
    it(`have a stream in the dialect ${name} that ends too early`, () => {
      expect(ofFolder(name).some(({ expected }) => expected.isIncomplete)).to.equal(true);
    });
  }

  for (const [operation, folder] of OTHER_OPERATIONS) {
    it(`have one of ${operation} in the folder ${folder}`, () => {
      expect(ofFolder(folder).map((sample) => sample.operation)).to.include(operation);
    });
  }

  it('have their path as id, and no folder that names neither a dialect nor an operation', () => {
    expect(samples.map(({ id }) => `${id}.json`)).to.deep.equal(sampleFiles());
    const folders = new Set([
      ...DIALECTS.map(({ dialect }) => dialect.name),
      ...OTHER_OPERATIONS.map(([, name]) => name),
    ]);
    expect(
      [...new Set(samples.map(({ id }) => id.split('/')[0]))].filter((name) => !folders.has(name ?? '')),
    ).to.deep.equal([]);
  });
});

function ofFolder(folder: string): typeof samples {
  return samples.filter(({ id }) => id.startsWith(`${folder}/`));
}
