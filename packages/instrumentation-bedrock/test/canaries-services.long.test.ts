/** As `canaries-services.test.ts`, with all settings and with texts in every place. */

import { describeServiceCanaries, SERVICES } from './support/service-leaks.js';
import { WAYS } from './support/watch.js';

const ways = Object.keys(WAYS).filter((way) => way !== 'nothing is set');

for (const service of SERVICES) {
  describe(`canaries in calls of ${service.name}`, () => {
    describeServiceCanaries(service, ways, { isLong: true });
  });
}
