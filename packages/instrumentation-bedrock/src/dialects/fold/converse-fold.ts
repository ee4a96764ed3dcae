/** The fold for the events of ConverseStream and for the chunks of Nova's own stream, which have the same members. */

import { asMembers, asObject, asString, type JsonObject } from '../../data/json.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import { ConverseBlocks } from './converse-blocks.js';
import { LastMembers } from './pieces/last-members.js';
import { StreamedMembers } from './pieces/streamed-value.js';
import { type FoldOptions, isOfService, type StreamFold } from './stream-fold.js';

export interface ConverseFoldOptions extends FoldOptions {
  /** True if the service can split one block of text into several. The fold joins them. */
  readonly isTextSplit: boolean;
}

/** Events that the fold reads, and padding of random length. */
const KNOWN_EVENTS = new Set(['messageStart', 'contentBlockStart', 'contentBlockStop', 'messageStop', 'metadata', 'p']);

/** Members of `messageStop` and `metadata` that figures and facts are read from. */
const FACTS = new Set(['stopReason', 'usage', 'metrics', 'trace', 'serviceTier', 'performanceConfig']);

export function createConverseFold({ content, isTextSplit }: ConverseFoldOptions): StreamFold {
  let role: string | undefined;
  let stopped = false;
  let metadataSeen = false;
  const rest = new LastMembers();
  const others = new StreamedMembers();
  const blocks = content ? new ConverseBlocks({ isTextSplit }) : undefined;

  const addRest = (members: JsonObject): void => {
    for (const name in members) if (content || FACTS.has(name)) rest.add(name, members[name]);
  };

  const addFrame = (event: JsonObject): void => {
    const start = asObject(event['messageStart']);
    if (start) role = asString(start['role']) ?? role;

    const blockStart = asObject(event['contentBlockStart']);
    if (blockStart) blocks?.start(blockStart['contentBlockIndex'], asMembers(blockStart['start']));

    const blockStop = asObject(event['contentBlockStop']);
    if (blockStop) blocks?.stop(blockStop['contentBlockIndex']);

    const stop = asObject(event['messageStop']);
    if (stop) {
      stopped = true;
      addRest(stop);
    }
    const metadata = asObject(event['metadata']);
    if (metadata) {
      metadataSeen = true;
      addRest(metadata);
    }
    if (content) others.addAll(unknownEvents(event));
  };

  return {
    add(event) {
      // Nearly every event is a delta.
      const blockDelta = asObject(event['contentBlockDelta']);
      if (blockDelta) blocks?.addDelta(blockDelta['contentBlockIndex'], asMembers(blockDelta['delta']));
      else addFrame(event);
    },
    body() {
      if (role === undefined && !blocks?.size && !stopped && !metadataSeen) return undefined;
      const body: JsonObject = {};
      rest.writeTo(body);
      // Apart from the answer's own members: an event of an unknown kind can have any name.
      if (others.size > 0) body['otherEvents'] = others.finish();
      body['output'] = { message: { role: role ?? 'assistant', content: blocks?.finish() ?? [] } };
      return body;
    },
    isComplete: () => stopped && metadataSeen,
  };
}

/** Events of a kind that this package does not know. */
function unknownEvents(event: JsonObject): JsonObject {
  const members = unwrapUnknown(event);
  const unknown = Object.keys(members).filter((name) => !KNOWN_EVENTS.has(name) && !isOfService(name));
  return Object.fromEntries(unknown.map((name) => [name, members[name]]));
}
