import { expect } from 'chai';
import { behaviour, IMPORT, usePrograms } from '../support/programs.js';

describe('a cluster with mlflow-bedrock/register', function () {
  this.timeout(180_000);
  const programs = usePrograms();

  const CASES: readonly { ending: string; kills?: readonly NodeJS.Signals[] }[] = [
    { ending: 'signals each worker' },
    { ending: 'disconnects its workers' },
    { ending: 'forwards the signal', kills: ['SIGTERM'] },
  ];
  for (const { ending, kills = [] } of CASES) {
    it(`delivers the traces of all workers when the primary ${ending}`, async () => {
      const without = await programs.run(['clustered.mjs', ending], { kills });
      const withIt = await programs.run([...IMPORT, 'clustered.mjs', ending], { kills });
      expect(behaviour(withIt)).to.deep.equal(behaviour(without));
      expect(withIt.traces).to.have.length(2);
    });
  }
});
