/** The samples cover what this package claims to read. */

import { expect } from 'chai';
import { identifyModel } from '../../src/data/model-id.js';
import { createChunkListFold } from '../../src/dialects/fold/chunk-list-fold.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { OPERATIONS } from '../../src/operations/index.js';
import { readSamples, sampleFiles } from '../support/exchanges.js';

const samples = readSamples();

/** Folders of samples that name no dialect in the table. */
const OTHER_FOLDERS = ['converse', 'unknown', 'count-tokens', 'apply-guardrail', 'guardrail-checks', 'async-invoke'];

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

  for (const { name } of OPERATIONS['Bedrock Runtime'] ?? []) {
    // A sample is one request and its answer. A voice session sends both at once; the simulator has scripts for it.
    if (name === 'InvokeModelWithBidirectionalStream') continue;
    it(`have one of ${name}`, () => {
      expect(samples.map(({ operation }) => operation)).to.include(name);
    });
  }

  for (const operation of ['InvokeModel', 'InvokeModelWithResponseStream']) {
    it(`have one of ${operation} for a model of no known family`, () => {
      expect(ofFolder('unknown').map((sample) => sample.operation)).to.include(operation);
    });
  }

  it('have their path as id, and no folder that names neither a dialect nor an operation', () => {
    expect(samples.map(({ id }) => `${id}.json`)).to.deep.equal(sampleFiles());
    const folders = new Set([...DIALECTS.map(({ dialect }) => dialect.name), ...OTHER_FOLDERS]);
    for (const { id } of samples) expect(folders).to.include(id.split('/')[0]);
  });
});

function ofFolder(folder: string): typeof samples {
  return samples.filter(({ id }) => id.startsWith(`${folder}/`));
}
