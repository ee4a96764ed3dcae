/** Starts tracing in a server of Next.js. The loader imports it into the SDK's module. */

import { autolog } from './autolog/autolog.js';

// `next build` loads the routes, too. Without this, it would send spans of the pages that it renders.
if (process.env['NEXT_PHASE'] !== 'phase-production-build') autolog();
