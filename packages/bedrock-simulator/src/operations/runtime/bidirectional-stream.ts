import type { ScriptedModel } from '../../model/scripted-model.js';
import type { StreamEvent } from '../../types.js';
import type { Operation } from '../operation.js';
import { converseByVoice } from './dialects/nova-sonic.js';

/** Speech to speech, as Amazon Nova Sonic. It needs HTTP/2, because it answers while the client still sends. */
export function invokeModelWithBidirectionalStream(model: ScriptedModel): Operation {
  return {
    name: 'InvokeModelWithBidirectionalStream',
    method: 'POST',
    path: '/model/{modelId+}/invoke-with-bidirectional-stream',
    streamsInput: true,
    answer: ({ labels, input }) => ({
      events: chunks(converseByVoice(input ?? none(), labels['modelId'] ?? '', model)),
    }),
  };
}

async function* chunks(events: AsyncIterable<object>): AsyncGenerator<StreamEvent> {
  for await (const event of events) yield { type: 'chunk', payload: { event } };
}

async function* none(): AsyncGenerator<never> {}
