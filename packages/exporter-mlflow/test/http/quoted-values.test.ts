import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { findRecorded } from '../../src/http/redact/recorded.js';
import { MlflowSpanExporter } from '../../src/index.js';
import { eachTest } from '../support/each-test.js';
import type { Answer } from '../support/local-server.js';
import { exportSpans, recordSpans } from '../support/tracing.js';

const PROMPT = 'My name is Grace Hopper, and\nmy "number" is 555-0199 in Zürich.';
const MESSAGES = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: PROMPT }] }]);
const json = (status: number, body: object): Answer => ({ status, body: JSON.stringify(body) });

describe('recorded values that a server quotes', () => {
  const { log, startServer } = eachTest();
  const spans = (): ReadableSpan[] =>
    recordSpans((tracer) => {
      const attributes = {
        'gen_ai.input.messages': MESSAGES,
        'mlflow.spanInputs': PROMPT,
        'app.user': 'Bob',
        'app.greeting': '{"role":"user","text":"Hi, I am Al"}',
      };
      tracer.startSpan('chat', { attributes }).end();
    });

  /** What leaves the exporter if the server answers like this: messages, and the attribute about what was left out. */
  async function exported(answer: Answer, path = /^\/v1\/traces/): Promise<{ said: string; leftOut: string }> {
    const server = await startServer((request) =>
      path.test(request.path) && !request.body.includes('mlflow.exporter.leftOut') ? answer : undefined,
    );
    const exporter = new MlflowSpanExporter({
      trackingUri: server.url,
      experimentId: '7',
      compression: 'none',
      retry: { maxRetries: 0 },
    });
    const { error } = await exportSpans(exporter, spans());
    await exporter.shutdown();
    const repaired =
      server.requests.find(({ body }) => body.includes('mlflow.exporter.leftOut'))?.body.toString() ?? '';
    return {
      said: [...log.lines, error?.message].join('\n'),
      leftOut: /which were left out: .*/.exec(repaired)?.[0] ?? '',
    };
  }

  const quotes: [string, string, string][] = [
    ['as it is', `Invalid value: ${PROMPT}`, 'Invalid value: [recorded].'],
    ['as JSON', `Got ${JSON.stringify(MESSAGES.slice(20))} of a span`, 'Got "[recorded].\\"}]}]" of a span'],
    ['as Python shows it', `Value 'My name is Grace Hopp' is bad`, `Value '[recorded]' is bad`],
    ['in part', 'near "Grace Hopper, and\\nmy \\"num" (column 30)', 'near "[recorded]" (column 30)'],
    ['percent-encoded', `at ${encodeURIComponent('Grace Hopper, and')}!`, 'at [recorded]!'],
    ['as a short word between quotes', "Unknown user 'Bob' of app.user", "Unknown user '[recorded]' of app.user"],
    ['as a short text without quotes', 'Cannot store Hi, I am Al as text', 'Cannot store [recorded] as text'],
    ['as a part of other words', 'Cannot store Hi, I am Alice as text', 'Cannot store Hi, I am Alice as text'],
    ['not at all', 'Attribute gen_ai.input.messages is too long', 'Attribute gen_ai.input.messages is too long'],
  ];
  for (const [how, text, shown] of quotes) {
    it(`are hidden in messages and in mlflow.exporter.leftOut if it quotes them ${how}`, async () => {
      const { said, leftOut } = await exported(json(400, { error_code: 'INVALID_PARAMETER_VALUE', message: text }));
      expect(said).to.include(`MLflow refuses span "chat" (${shown}), it was sent without its content.`);
      expect(leftOut).to.include(`which were left out: ${shown}`);
    });
  }

  const answers: [string, Answer, RegExp?][] = [
    ['an outage', json(503, { message: `cannot store ${PROMPT}` })],
    ['a lack of permission', { status: 403, body: `Permission denied: ${PROMPT}` }],
    ['details of a validation', json(422, { detail: [{ input: PROMPT, msg: 'bad' }] })],
    ['a partial success', json(200, { partialSuccess: { rejectedSpans: 1, errorMessage: PROMPT } })],
    ['an answer to another request', { status: 403, body: PROMPT }, /experiments\/get/],
    ['the refusal of a record', json(400, { error_code: 'BAD_REQUEST', message: PROMPT }), /3\.0\/mlflow\/traces/],
  ];
  for (const [what, answer, path] of answers) {
    it(`are hidden in ${what}`, async () => {
      const { said } = await exported(answer, path);
      expect(said)
        .to.include('[recorded]')
        .and.to.not.match(/Grace|Hopper|number|Zürich/);
    });
  }

  it('are found in scripts with a word in each character, and not in the words of the server', () => {
    const found = (text: string, value: string): string[] =>
      findRecorded(text, [value]).map(([from, to]) => text.slice(from, to));
    expect(found('値 東京の天気はどう が不正', '今日の東京の天気はどうですか').join('')).to.include('東京の天');
    expect(found('The attribute of the span is not valid', 'The weather of the city is not good today')).to.deep.equal(
      [],
    );
    expect(found('bad [2] or (3) at line 4', 'one of 1, 2 and 3')).to.deep.equal([]);
  });

  const own = [
    "Trace with ID 'tr-0af7651916cd43dd8448eb211c80319c' already exists.",
    'Permission denied',
    "Invalid value for parameter 'user' supplied: Value was of type 'int'",
    'connection to server failed: Connection refused',
    'The experiment of this trace does not exist, or is archived',
  ];
  for (const text of own) {
    it(`do not hide the words of a server that spans contain, too: ${text}`, () => {
      const values = [
        text,
        `An agent read: ${text} and went on`,
        JSON.stringify([{ role: 'user', type: 'int' }, text]),
      ];
      expect(findRecorded(text, values)).to.deep.equal([]);
      const found = findRecorded(`${text} (Grace Hopper's letter)`, [`it has ${text} (Grace Hopper's letter)`]);
      expect(found).to.deep.equal([[text.length + 2, text.length + 23]]);
    });
  }

  it('are compared as texts, because among many some have the same hash', () => {
    let state = 13;
    const letter = (): string => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return ((state >>> 8) % 36).toString(36);
    };
    const [text, value] = [600, 500_000].map((length) => Array.from({ length }, letter).join(''));
    expect(findRecorded(text!, [value!])).to.deep.equal([]);
  });

  it('hide the whole text if there is more than can be searched in time', () => {
    expect(findRecorded('any text', ['x'.repeat(9_000_000)])).to.deep.equal([[0, 8]]);
  });
});
