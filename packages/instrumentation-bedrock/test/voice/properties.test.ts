/** The session reader never throws and keeps its limits, for any events that an application or a service sends. */

import { expect } from 'chai';
import fc from 'fast-check';
import type { JsonObject } from '../../src/data/json.js';
import { stringify } from '../../src/data/numbers.js';
import { createVoiceSession, novaSonic } from '../../src/dialects/nova-sonic.js';

const NAMES = [
  ...[
    'sessionStart',
    'promptStart',
    'contentStart',
    'textInput',
    'audioInput',
    'toolResult',
    'contentEnd',
    'promptEnd',
  ],
  ...[
    'sessionEnd',
    'completionStart',
    'textOutput',
    'audioOutput',
    'toolUse',
    'completionEnd',
    'usageEvent',
    '__proto__',
  ],
];
const MEMBERS = [
  ...['contentName', 'contentId', 'type', 'role', 'content', 'stopReason', 'additionalModelFields', 'toolUseId'],
  ...['toolName', 'details', 'total', 'input', 'output', 'speechTokens', 'textTokens', 'totalInputTokens', 'sessionId'],
  ...[
    'toolConfiguration',
    'tools',
    'toolSpec',
    'inputSchema',
    'json',
    'inferenceConfiguration',
    'maxTokens',
    '__proto__',
  ],
  ...['audioInputConfiguration', 'audioOutputConfiguration', 'sampleRateHertz', 'toolResultInputConfiguration'],
];
const WORDS = ['TEXT', 'AUDIO', 'TOOL', 'USER', 'ASSISTANT', 'SYSTEM', 'END_TURN', 'INTERRUPTED', 'a', '{"a":1}'];
const STAGES = ['{"generationStage":"SPECULATIVE"}', '{"generationStage":"FINAL"}', '{ "interrupted" : true }'];

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.constantFrom(...WORDS, ...STAGES),
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...MEMBERS), tie('value'), { maxKeys: 6 }),
  ),
}));
const event = fc.record({
  isInput: fc.boolean(),
  event: fc.dictionary(fc.constantFrom(...NAMES), value, { minKeys: 0, maxKeys: 2 }) as fc.Arbitrary<JsonObject>,
});

describe('the reader of voice sessions', () => {
  it('never throws, writes valid messages, and stays within its length', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 30 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 500 }),
        (events, content, maxLength) => {
          const session = createVoiceSession({ content, maxLength });
          for (const { isInput, event } of events) {
            if (isInput) session.addInput(event, 0);
            else session.addOutput(event, 0);
          }
          const request = session.request();
          const answer = session.answer() ?? {};
          const { messages } = novaSonic.readInput(request);
          const output = novaSonic.readOutput(answer);
          novaSonic.readParameters(request);
          novaSonic.readTools(request);
          novaSonic.readResponse(answer);
          novaSonic.chatView?.request(request);
          novaSonic.chatView?.response(answer);
          session.isComplete();
          for (const message of [...messages, ...output]) expect(message.role).to.be.a('string');
          if (!content) expect([messages, output]).to.deep.equal([[], []]);
          const { length } = stringify([messages, output]);
          // Names, brackets and escapes.
          expect(length).to.be.lessThan(6 * maxLength + 600);
        },
      ),
      { numRuns: 200 },
    );
  });
});
