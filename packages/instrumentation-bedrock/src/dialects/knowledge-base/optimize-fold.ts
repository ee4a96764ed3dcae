/** The fold for the events of OptimizePrompt, which has no form without streaming. */

import { asObject, firstKey, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { OtherEvents } from '../fold/pieces/other-events.js';
import type { FoldOptions, StreamFold } from '../fold/stream-fold.js';

export function createOptimizeFold({ content }: FoldOptions): StreamFold {
  const analysis: JsonValue[] = [];
  let optimized: JsonValue | undefined;
  let isComplete = false;
  const others = new OtherEvents(['analyzePromptEvent', 'optimizedPromptEvent']);
  return {
    add(event) {
      const prompt = asObject(event['optimizedPromptEvent']);
      isComplete ||= prompt !== undefined;
      if (!content) return;
      optimized = prompt?.['optimizedPrompt'] ?? optimized;
      if (isObject(event['analyzePromptEvent'])) analysis.push(event['analyzePromptEvent']);
      others.add(event);
    },
    body() {
      const body: JsonObject = {};
      if (analysis.length > 0) body['analysis'] = analysis;
      if (optimized !== undefined) body['optimizedPrompt'] = optimized;
      others.writeTo(body);
      return firstKey(body) === undefined ? undefined : body;
    },
    isComplete: () => isComplete,
  };
}
