/** How the doctor runs an application: it ends in time, leaves nothing behind, and the application does not notice. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { runApplication } from '../../src/doctor/facts/application.js';
import { findSpans } from '../../src/doctor/facts/server.js';
import { type Application, CLI, COMPLETE, createApplication, PROBE } from '../support/doctor.js';
import { NOBODY } from '../support/programs.js';

describe('the test run of the doctor', function () {
  this.timeout(60_000);
  let application: Application;
  before(() => {
    application = createApplication();
  });
  after(() => application.remove());

  const runProgram = (program: string) => {
    application.write('program.js', program);
    return runApplication({
      application: ['program.js'],
      folder: application.folder,
      nodeOptions: [],
      probe: PROBE,
      timeoutSeconds: 15,
      toStderr: true,
    });
  };

  it('ends with the application, also if processes of it go on and keep its output open', async () => {
    application.write('left.cjs', 'setTimeout(() => {}, 20_000);');
    const { code, endedAfterSeconds, events } = await runProgram(`
      import { spawn } from 'node:child_process';
      spawn(process.execPath, ['left.cjs'], { stdio: 'inherit', detached: true }).unref();
    `);
    expect({ code, endedAfterSeconds }).to.deep.equal({ code: 0, endedAfterSeconds: undefined });
    expect(events.map(({ event }) => event)).to.include('exit');
  });

  it('goes unnoticed by an application in which the doctor cannot record what happens', async () => {
    const { code } = await runProgram(`
      import { rmSync } from 'node:fs';
      import { dirname } from 'node:path';
      rmSync(dirname(process.env.MLFLOW_BEDROCK_DOCTOR_EVENTS), { recursive: true });
    `);
    expect(code).to.equal(0);
  });

  it('ends the application when a signal ends the doctor, and the report follows', async () => {
    application.write('server.js', 'console.error(process.pid); setInterval(() => {}, 1_000);');
    const args = [CLI, 'doctor', '--no-trace', 'server.js'];
    const doctor = spawn(process.execPath, args, {
      cwd: application.folder,
      env: { ...COMPLETE, MLFLOW_TRACKING_URI: NOBODY },
    });
    const report = text(doctor.stdout);
    const [pid] = await once(doctor.stderr, 'data');
    doctor.kill('SIGTERM');
    const [code] = await once(doctor, 'exit');
    expect(code).to.equal(1);
    expect(await report).to.include("\nok       server.js ran until a signal ended the doctor's test run.\n");
    expect(() => process.kill(Number(pid), 0)).to.throw('ESRCH');
  });

  it('says that the address in the code is none that traces can be sent to', async () => {
    const { failed } = await findSpans(['0'.repeat(32)], 'postgresql:…');
    expect(failed?.message).to.match(/^MLflow tracking URI "postgresql:…" is not supported, /);
  });
});
