/** The content options of `autolog()`. */

import { expect } from 'chai';
import { createInstrumentation } from '../src/autolog/instrumentation.js';
import type { ContentOptions } from '../src/autolog/options.js';
import { contentConfig, setContentConfig } from '../src/traced/content-config.js';

describe('autolog()', () => {
  it('passes each content option on to the instrumentation and to traced functions', () => {
    const options: Required<ContentOptions> = {
      captureMessageContent: true,
      contentHook: ({ value }) => value,
      contentFormats: ['mlflow'],
      maxContentLength: 11,
      maxMediaBytes: 12,
      maxEmbeddingLength: 13,
      maxRecordLength: 14,
      recordStreamEvents: true,
    };
    const instrumentation = createInstrumentation(options);
    try {
      expect(instrumentation.getConfig()).to.include(options);
      const { captureMessageContent, contentFormats, ...same } = options;
      expect(contentConfig()).to.include(same);
    } finally {
      instrumentation.disable();
      setContentConfig(undefined);
    }
  });
});
