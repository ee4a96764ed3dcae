/** The layers of this package: each file imports from its own layer or from those beneath, without circles. */

import { describeLayers } from 'testing/layers.js';

describeLayers({
  source: new URL('../src/', import.meta.url),
  beneath: {
    '.': ['anthropic', 'autolog', 'langchain', 'traced', 'session', 'current-trace', 'bundler'],
    programs: ['doctor', 'doctor/probe'],
    doctor: ['doctor/checks', 'doctor/facts', 'doctor/model', 'common'],
    'doctor/checks': ['doctor/model', 'autolog', 'common'],
    'doctor/facts': ['doctor/model', 'common'],
    'doctor/probe': ['doctor/model', 'common'],
    'doctor/model': ['common'],
    autolog: ['traced', 'session', 'current-trace', 'common'],
    anthropic: ['current-trace', 'common'],
    langchain: ['traced', 'current-trace', 'common'],
    traced: ['current-trace', 'common'],
    session: ['current-trace', 'common'],
    'current-trace': ['common'],
    common: [],
    bundler: [],
  },
  example: { file: 'autolog/own-provider.ts', imports: ['session/propagator.ts', 'common/warn.ts'] },
});
