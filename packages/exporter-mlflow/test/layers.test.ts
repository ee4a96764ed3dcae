/** The layers of this package: each file imports from its own layer or from those beneath, without circles. */

import { describeLayers } from 'testing/layers.js';

describeLayers({
  source: new URL('../src/', import.meta.url),
  beneath: {
    '.': [
      'export',
      'export/program',
      'export/waiting',
      'export/files',
      'export/ledger',
      'export/settle',
      'export/trace',
      'export/span',
      'client',
      'mlflow',
      'http',
      'common',
    ],
    export: [
      'export/waiting',
      'export/files',
      'export/ledger',
      'export/settle',
      'export/trace',
      'export/span',
      'mlflow',
      'http',
      'common',
    ],
    'export/program': ['export/trace'],
    'export/waiting': ['export/span', 'http', 'common'],
    'export/files': ['export/ledger', 'export/settle', 'export/trace', 'export/span', 'mlflow', 'http', 'common'],
    'export/ledger': ['export/settle', 'export/trace', 'export/span', 'mlflow', 'http', 'common'],
    'export/settle': ['export/trace', 'export/span', 'mlflow', 'http', 'common'],
    'export/trace': ['export/span', 'export/span/readable', 'mlflow', 'http', 'common'],
    'export/span': ['export/span/readable', 'mlflow', 'common'],
    'export/span/readable': ['common'],
    client: ['mlflow', 'http', 'common'],
    mlflow: ['http', 'common'],
    http: ['http/redact', 'common'],
    'http/redact': ['common'],
    common: [],
  },
  example: { file: 'export/deliver.ts', imports: ['mlflow/rest.ts', 'export/ledger/ledger.ts', 'http/outcome.ts'] },
});
