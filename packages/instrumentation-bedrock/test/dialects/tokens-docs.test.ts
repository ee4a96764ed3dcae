/** The table of docs/tokens-and-cost.md, held against the samples: whose figures a format has in its body. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { inlineCode, sectionOf, tableRows } from 'testing/markdown.js';
import { asObject } from '../../src/data/json.js';
import { converse } from '../../src/dialects/converse.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { novaSonic } from '../../src/dialects/nova-sonic.js';
import { openAiEmbeddings } from '../../src/dialects/openai/embeddings.js';
import { openAiResponses } from '../../src/dialects/openai/responses.js';
import { readSamples } from '../support/exchanges.js';

const PAGE = readFileSync(new URL('../../../../docs/tokens-and-cost.md', import.meta.url), 'utf8');
const ROWS = tableRows(sectionOf(PAGE, '## Where the figures come from')).map(([format = '', , inBody, cached]) => {
  return [inlineCode(format)[0], inBody, cached];
});

const ALL = new Set([
  ...DIALECTS.map(({ dialect }) => dialect),
  converse,
  novaSonic,
  openAiEmbeddings,
  openAiResponses,
]);

describe('docs/tokens-and-cost.md', () => {
  it('has a row for each format', () => {
    expect(ROWS.map(([name]) => name)).to.have.members([...ALL].map(({ name }) => name));
  });

  for (const [name, inBody, cached] of ROWS) {
    const [dialect] = [...ALL].filter((one) => one.name === name);
    const answers = readSamples().filter(({ id, response }) => id.startsWith(`${name}/`) && !response?.status);
    const bodies = answers.map(({ response }) => asObject(response?.body)).filter((body) => body !== undefined);
    if (dialect === undefined || bodies.length === 0) continue;

    it(`says truly whether an answer in the format ${name} has tokens in its body`, () => {
      const found = bodies.map((body) => dialect.readResponse(body).usage?.inputTokens !== undefined);
      expect(found.includes(true)).to.equal(!inBody?.startsWith('none'));
      expect(found.includes(false) && found.includes(true)).to.equal(inBody?.includes('also none') ?? false);
    });

    if (cached === '–') continue;
    it(`says truly how cached tokens of the format ${name} count`, () => {
      const stated = bodies.map((body) => dialect.readResponse(body).usage?.inputIncludesCache);
      const isIncluded = stated.find((one) => one !== undefined);
      const words = isIncluded === undefined ? 'by vendor' : `${isIncluded ? 'included in' : 'added to'} the input`;
      expect(cached).to.include(words);
    });
  }
});
