/** Which attributes a span loses when it is sent without its content. */

import { readFileSync } from 'node:fs';
import { type Attributes, SpanStatusCode } from '@opentelemetry/api';
import { expect } from 'chai';
import { LEFT_OUT, withoutContent } from '../../src/export/span/content.js';
import { recordSpans } from '../support/tracing.js';

const LIST = new URL('../../../../deploy/collector/attributes.yaml', import.meta.url);

/** The names of the attributes that stay. */
function kept(names: readonly string[]): string[] {
  const attributes: Attributes = Object.fromEntries(names.map((name) => [name, 'short']));
  const [span] = recordSpans((tracer) => tracer.startSpan('call', { attributes }).end());
  const stays = withoutContent(span!, () => 'left out').attributes;
  return Object.keys(stays).filter((name) => name !== LEFT_OUT);
}

describe('a span without its content', () => {
  it('loses short content of every framework that the list of the Collector has', () => {
    const [, ...sources] = readFileSync(LIST, 'utf8').split(/^ {2}- name: /m);
    const lists = sources
      .filter((source) => !source.includes('general: true'))
      .map((source) => {
        const [, list = ''] = /^ {4}content:\n((?: {6}- .*\n)+)/m.exec(source) ?? [];
        return [...list.matchAll(/- (\S+)/g)].map(([, name = '']) => name);
      });
    expect(lists.length).to.be.greaterThan(8);
    for (const list of lists) {
      expect(list).to.have.length.greaterThan(3);
      expect(kept(list)).to.deep.equal([]);
      expect(kept(list.map((name) => `${name}.0.text`))).to.deep.equal([]);
    }
  });

  it('loses content of this project', () => {
    const names = ['gen_ai.input.messages', 'gen_ai.prompt.variable.name', 'mlflow.spanInputs', 'mlflow.chat.tools'];
    expect(kept([...names, 'gen_ai.request.stop_sequences', 'gen_ai.completion.0.content'])).to.deep.equal([]);
  });

  it('keeps figures, names, ids and errors', () => {
    const names = [
      ...[
        'gen_ai.usage.input_tokens',
        'gen_ai.response.model',
        'gen_ai.completion.0.finish_reason',
        'llm.token_count.total',
      ],
      ...[
        'gen_ai.prompt.name',
        'gen_ai.tool.name',
        'ai.response.model',
        'ai.settings.maxSteps',
        'session.id',
        'user.id',
      ],
      ...[
        'mlflow.traceTag.team',
        'error.type',
        'exception.message',
        'http.response.status_code',
        'db.statement',
        'tenant',
      ],
    ];
    expect(kept(names)).to.deep.equal(names);
  });

  it('keeps the last error and the beginning of long texts, and counts what it loses', () => {
    const [span] = recordSpans((tracer) => {
      const call = tracer.startSpan('n'.repeat(5000));
      call.setAttributes({
        'gen_ai.input.messages': '[]',
        list: ['short'],
        tags: Array(101).fill('x'),
        long: ['x'.repeat(1001)],
      });
      for (const message of ['first', 'last']) call.recordException(new Error(message));
      call.addEvent('gen_ai.content.prompt');
      call.setStatus({ code: SpanStatusCode.ERROR, message: 'm'.repeat(5000) });
      call.end();
    });
    // Wrappers write maps past the API.
    Object.assign(span!.attributes, { map: { of: 'content' } });
    const { name, attributes, events, status } = withoutContent(span!, (missing) => `without ${missing}`);
    expect([name.length, status.message?.length]).to.deep.equal([1000, 1000]);
    expect(attributes).to.deep.equal({ list: ['short'], [LEFT_OUT]: 'without 4 attributes and 2 events' });
    expect(events.map((event) => event.attributes?.['exception.message'])).to.deep.equal(['last']);
  });

  it('keeps only figures of a span with a great many small values', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`part.${n}`, 'x'.repeat(200)]));
    const figures = { 'gen_ai.usage.input_tokens': 7, 'session.id': 's-1' };
    const [span] = recordSpans((tracer) =>
      tracer
        .startSpan('call', { attributes: { ...figures, ...many } })
        .addEvent('exception')
        .end(),
    );
    const { attributes, events } = withoutContent(span!, (missing) => `without ${missing}`);
    expect(attributes).to.deep.equal({ ...figures, [LEFT_OUT]: 'without 100 attributes and 1 event' });
    expect(events).to.deep.equal([]);
  });
});
