/** The layers of this package: each file imports from its own layer or from those beneath, without circles. */

import { describeLayers } from 'testing/layers.js';

describeLayers({
  source: new URL('../src/', import.meta.url),
  beneath: {
    '.': ['sdk', 'call', 'operations', 'dialects', 'span', 'data'],
    sdk: ['call', 'data'],
    call: ['operations', 'operations/common', 'dialects', 'span', 'data'],
    operations: [
      'operations/agent-runtime',
      'operations/agentcore',
      'operations/runtime',
      'operations/common',
      'dialects',
      'data',
    ],
    'operations/agent-runtime': [
      'operations/runtime',
      'operations/common',
      'dialects',
      'dialects/agent',
      'dialects/flow',
      'dialects/fold',
      'data',
    ],
    'operations/agentcore': ['operations/common', 'dialects', 'dialects/agentcore', 'data'],
    'operations/runtime': ['operations/common', 'dialects', 'data'],
    'operations/common': ['dialects', 'data'],
    dialects: [
      'dialects/documents',
      'dialects/fold',
      'dialects/fold/pieces',
      'dialects/messages',
      'dialects/parameters',
      'dialects/view',
      'data',
    ],
    'dialects/agent': ['dialects', 'dialects/fold', 'dialects/messages', 'data'],
    'dialects/agentcore': ['dialects', 'dialects/fold', 'dialects/messages', 'data'],
    'dialects/documents': ['data'],
    'dialects/flow': ['dialects', 'dialects/fold', 'data'],
    'dialects/fold': ['dialects/fold/pieces', 'data'],
    'dialects/fold/pieces': ['data'],
    'dialects/messages': ['data'],
    'dialects/parameters': ['data'],
    'dialects/view': ['data'],
    span: ['data'],
    data: [],
  },
  example: { file: 'call/call.ts', imports: ['data/json.ts', 'operations/index.ts', 'call/exchange.ts'] },
});
