/** The fold for the events of ConverseStream and for the chunks of Nova's own stream, which have the same members. */

import { asObject, asString, type JsonObject, setMembers } from '../../data/json.js';
import { ConverseBlocks } from './converse-blocks.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

export interface ConverseFoldOptions extends FoldOptions {
  /** True if the service can split one block of text into several. The fold joins them. */
  readonly isTextSplit: boolean;
}

export function createConverseFold({ content, isTextSplit }: ConverseFoldOptions): StreamFold {
  let role: string | undefined;
  let stopped = false;
  let metadataSeen = false;
  const rest: JsonObject = {};
  const blocks = content ? new ConverseBlocks({ isTextSplit }) : undefined;

  const addFrame = (event: JsonObject): void => {
    const start = asObject(event['messageStart']);
    if (start) role = asString(start['role']) ?? role;

    const blockStart = asObject(event['contentBlockStart']);
    if (blockStart) blocks?.start(blockStart['contentBlockIndex'], asObject(blockStart['start']) ?? {});

    const stop = asObject(event['messageStop']);
    if (stop) {
      stopped = true;
      setMembers(rest, stop);
    }
    const metadata = asObject(event['metadata']);
    if (metadata) {
      metadataSeen = true;
      setMembers(rest, metadata);
    }
  };

  return {
    add(event) {
      // Nearly every event is a delta.
      const blockDelta = asObject(event['contentBlockDelta']);
      if (blockDelta) blocks?.addDelta(blockDelta['contentBlockIndex'], asObject(blockDelta['delta']) ?? {});
      else addFrame(event);
    },
    body() {
      if (role === undefined && !blocks?.size && !stopped && !metadataSeen) return undefined;
      const body: JsonObject = {};
      setMembers(body, rest);
      body['output'] = { message: { role: role ?? 'assistant', content: blocks?.finish() ?? [] } };
      return body;
    },
    isComplete: () => stopped && metadataSeen,
  };
}
