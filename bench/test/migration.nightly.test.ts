/** The tables of docs/migration, held against what the other packages record. */

import { readFileSync } from 'node:fs';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { expect } from 'chai';
import { buildPackages } from 'testing/build.js';
import { inlineCode, sectionOf, tableRows } from 'testing/markdown.js';
import { installPeers } from '../src/install.js';
import { type MigrationSpan, type Peer, recordAgentsBeside, recordBeside } from '../src/migration.js';

const OURS = 'opentelemetry-instrumentation-bedrock';

interface Page {
  readonly peer: Peer;
  readonly file: string;
  readonly kind: SpanKind;
  readonly status: SpanStatusCode;
  /** Where the span of the other package is when both are registered, seen from ours. */
  readonly place: 'above' | 'beside' | 'below';
}

const PAGES: readonly Page[] = [
  { peer: 'traceloop', file: 'traceloop.md', kind: SpanKind.CLIENT, status: SpanStatusCode.OK, place: 'above' },
  {
    peer: 'openinference',
    file: 'openinference.md',
    kind: SpanKind.INTERNAL,
    status: SpanStatusCode.OK,
    place: 'beside',
  },
  { peer: 'aws-sdk', file: 'aws-sdk.md', kind: SpanKind.CLIENT, status: SpanStatusCode.UNSET, place: 'below' },
];

describe('docs/migration', function () {
  this.timeout(120_000);
  before(async () => {
    await buildPackages();
    await installPeers(() => undefined);
  });

  for (const { peer, file, kind, status, place } of PAGES) {
    describe(file, () => {
      const page = readFileSync(new URL(`../../docs/migration/${file}`, import.meta.url), 'utf8');
      const rows = tableRows(sectionOf(page, '## Attributes')).map((row) => row.map(inlineCode));
      const oldNames = rows.flatMap(([names = []]) => names);
      const newNames = rows.flatMap(([, names = []]) => names);
      let theirs: readonly MigrationSpan[];
      let ours: readonly MigrationSpan[];
      before(async () => {
        const spans = await recordBeside(peer);
        theirs = spans.filter(({ scope }) => scope !== OURS);
        ours = spans.filter(({ scope }) => scope === OURS);
      });

      it('has every attribute that the other package records, and no other', () => {
        const recorded = attributesOf(theirs);
        expect(recorded.filter((name) => !oldNames.some((row) => matches(row, name)))).to.deep.equal([]);
        expect(oldNames.filter((row) => !recorded.some((name) => matches(row, name)))).to.deep.equal([]);
      });

      it('names only attributes that this project records of the same calls', () => {
        const recorded = attributesOf(ours);
        expect(newNames.filter((row) => !recorded.some((name) => matches(row, name)))).to.deep.equal([]);
      });

      it('says truly what kind and status the spans have, and where they are', () => {
        expect(theirs.map((span) => [span.kind, span.status.code])).to.deep.equal(Array(2).fill([kind, status]));
        expect(ours.map((span) => [span.kind, span.status.code])).to.deep.equal(
          Array(2).fill([SpanKind.CLIENT, SpanStatusCode.UNSET]),
        );
        const places = ours.map(({ id, parent }) =>
          theirs.some((span) => span.id === parent)
            ? 'above'
            : theirs.some((span) => span.parent === id)
              ? 'below'
              : 'beside',
        );
        expect(places).to.deep.equal([place, place]);
      });
    });
  }

  it('openinference.md has the names of all spans of an agent and a knowledge base', async () => {
    const page = readFileSync(new URL('../../docs/migration/openinference.md', import.meta.url), 'utf8');
    const rows = tableRows(sectionOf(page, '## Agents and knowledge bases')).map((row) => row.map(inlineCode));
    const spans = await recordAgentsBeside();
    const namesOf = (isOurs: boolean) =>
      new Set(spans.filter(({ scope }) => (scope === OURS) === isOurs).map(({ name }) => name));
    expect(rows.flatMap(([names = []]) => names)).to.have.members([...namesOf(false)]);
    const ours = [...namesOf(true)].map((name) =>
      name.replace(/^chat .*/, 'chat <model>').replace(/^retrieval .*/, 'retrieval <knowledge base>'),
    );
    expect(new Set(rows.flatMap(([, names = []]) => names))).to.deep.equal(new Set(ours));
  });
});

function attributesOf(spans: readonly MigrationSpan[]): string[] {
  return [...new Set(spans.flatMap(({ attributes }) => Object.keys(attributes)))];
}

/** In a page, `<n>` stands for a number, and `*` at the end for any names below. */
function matches(row: string, name: string): boolean {
  const pattern = row.replaceAll('.', String.raw`\.`).replaceAll('<n>', String.raw`\d+`).replace('*', '.+');
  return new RegExp(`^${pattern}$`).test(name);
}
