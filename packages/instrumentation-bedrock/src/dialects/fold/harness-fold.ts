/** The fold for the events of InvokeHarness: those of ConverseStream, for each message of the agent and of its tools. */

import { asMembers, asObject, asString, firstKey, type JsonObject, type JsonValue } from '../../data/json.js';
import { ConverseBlocks } from './converse-blocks.js';
import { HarnessFigures } from './harness-figures.js';
import { OtherEvents } from './pieces/other-events.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

interface StreamedMessage {
  readonly role: string;
  readonly blocks: ConverseBlocks;
  stopReason?: string;
}

const BLOCK_EVENTS = ['contentBlockStart', 'contentBlockDelta', 'contentBlockStop'];
const KNOWN_EVENTS = ['messageStart', ...BLOCK_EVENTS, 'messageStop', 'metadata', 'hookEvent'];

/** The answer is `{messages, stopReason, usage, metrics, hookEvents}`. There is no form without streaming. */
export function createHarnessFold({ content }: FoldOptions): StreamFold {
  const messages: StreamedMessage[] = [];
  const hookEvents: JsonValue[] = [];
  const figures = new HarnessFigures();
  const others = new OtherEvents(KNOWN_EVENTS);
  let open: StreamedMessage | undefined;
  let stopReason: string | undefined;
  let isOpen = false;

  const begin = (role: string): StreamedMessage => {
    const message = { role, blocks: new ConverseBlocks({ isTextSplit: false }) };
    messages.push(message);
    return message;
  };

  const addContent = (event: JsonObject): void => {
    const start = asObject(event['messageStart']);
    if (start) open = begin(asString(start['role']) ?? 'assistant');
    const { contentBlockStart, contentBlockDelta, contentBlockStop } = event;
    const block = asObject(contentBlockDelta) ?? asObject(contentBlockStart) ?? asObject(contentBlockStop);
    if (block) {
      open ??= begin('assistant');
      const index = block['contentBlockIndex'];
      if (contentBlockDelta) open.blocks.addDelta(index, asMembers(block['delta']));
      else if (contentBlockStart) open.blocks.start(index, asMembers(block['start']));
      else open.blocks.stop(index);
    }
    const stop = asObject(event['messageStop']);
    if (stop) {
      open ??= begin('assistant');
      open.stopReason = asString(stop['stopReason']) ?? '';
      open = undefined;
    }
    const hookEvent = asObject(event['hookEvent']);
    if (hookEvent) hookEvents.push(hookEvent);
    others.add(event);
  };

  return {
    add(event) {
      const stop = asObject(event['messageStop']);
      if (stop) stopReason = asString(stop['stopReason']);
      const start = asObject(event['messageStart']);
      if (start || BLOCK_EVENTS.some((name) => event[name])) {
        const begins = start ? start['role'] !== 'user' : !isOpen;
        if (begins) figures.beginMessage();
        isOpen = true;
      } else if (stop) isOpen = false;
      const metadata = asObject(event['metadata']);
      if (metadata) figures.add(metadata);
      if (content) addContent(event);
    },
    body() {
      const body: JsonObject = {};
      if (messages.length > 0) body['messages'] = messages.map(finishMessage);
      if (hookEvents.length > 0) body['hookEvents'] = hookEvents;
      if (stopReason !== undefined) body['stopReason'] = stopReason;
      figures.writeTo(body);
      others.writeTo(body);
      return firstKey(body) === undefined ? undefined : body;
    },
    // After the results of tools, the agent goes on.
    isComplete: () => stopReason !== undefined && stopReason !== 'tool_result' && !isOpen,
  };
}

function finishMessage({ role, blocks, stopReason }: StreamedMessage): JsonObject {
  return { role, content: blocks.finish(), ...(stopReason !== undefined && { stopReason }) };
}
