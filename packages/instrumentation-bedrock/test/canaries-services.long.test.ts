/** As `canaries-services.test.ts`, with the other settings. */

import { describeServiceCanaries, SERVICES } from './support/service-leaks.js';
import { WAYS } from './support/watch.js';

const ways = Object.keys(WAYS).filter((way) => way !== 'nothing is set' && way !== 'the option is off');

for (const service of SERVICES) {
  describe(`canaries in calls of ${service.name}`, () => describeServiceCanaries(service, ways));
}
