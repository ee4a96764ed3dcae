import type { ReadableSpan } from '../../common/sdk-types.js';
import type { ShownText } from '../../common/shown-text.js';
import { beginning, counted } from '../../common/text.js';
import { figuresOf, LEFT_OUT } from './content.js';
import { copySpan } from './span.js';

const MAX_NAME_LENGTH = 1000;

/**
 * Returns replacements for a span that the server refuses for an unforeseen cause. The first one is the span without
 * its content, with its tokens. The second one has only the place in the tree. Both keep the shape of the trace.
 */
export function repairs(span: ReadableSpan, reason: ShownText): ReadableSpan[] {
  const { attributes, events, links } = span;
  return [figuresOf(attributes), {}].map((kept, step) => {
    const missing = Object.keys(attributes).length - Object.keys(kept).length;
    const parts = `${counted(missing, 'attribute')}, ${counted(events.length, 'event')} and ${counted(links.length, 'link')}`;
    const leftOut = `MLflow refused this span with ${parts}, which were left out: ${reason}`;
    return copySpan(span, {
      attributes: { ...kept, [LEFT_OUT]: leftOut },
      events: [],
      links: [],
      // Name and status are the only texts left that the server may refuse.
      ...(step === 0 ? {} : { name: beginning(span.name, MAX_NAME_LENGTH), status: { code: span.status.code } }),
    });
  });
}
