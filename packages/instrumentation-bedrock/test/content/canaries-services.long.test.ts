/** As `canaries-services.test.ts`, with a setting of each kind and with texts in every place. */

import { describeServiceCanaries, SERVICES } from '../support/service-leaks.js';

const ways = ['the option is off', 'a hook throws them'];

for (const service of SERVICES) {
  describe(`canaries in calls of ${service.name}`, () => {
    describeServiceCanaries(service, ways, { isLong: true });
  });
}
