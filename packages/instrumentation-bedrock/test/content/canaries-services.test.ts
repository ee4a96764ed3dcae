/** Marked texts in calls of agents, knowledge bases, flows and AgentCore: none is emitted if content is off. */

import { describeServiceCanaries, SERVICES } from '../support/service-leaks.js';

for (const service of SERVICES) {
  describe(`canaries in calls of ${service.name}`, () => {
    describeServiceCanaries(service, ['the option is off'], { isLong: false });
  });
}
