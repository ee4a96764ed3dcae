import { resolve } from 'node:path';
import { expect } from 'chai';
import { MLFLOW_HOME } from 'testing/mlflow/install.js';
import { readOptions, USAGE } from '../demo/options.js';

describe('npm run demo (options)', () => {
  it('stays up by default in a terminal, and ends elsewhere', () => {
    expect(readOptions([], true).keep).to.equal(true);
    expect(readOptions([], false).keep).to.equal(false);
    expect(readOptions(['--exit'], true).keep).to.equal(false);
    expect(readOptions(['--keep'], false).keep).to.equal(true);
  });

  it('starts a server on the data of earlier demos by default', () => {
    const options = readOptions([], false);
    expect(options).to.deep.equal({ aws: false, directory: resolve(MLFLOW_HOME, 'demo'), keep: false, help: false });
  });

  it('accepts a port, a folder, a running server and Amazon Bedrock', () => {
    expect(readOptions(['--port', '5000', '--directory', 'data'], false)).to.include({
      port: 5000,
      directory: resolve('data'),
    });
    expect(readOptions(['--mlflow', 'http://localhost:5000', '--aws'], false)).to.include({
      mlflow: 'http://localhost:5000',
      aws: true,
    });
  });

  const wrong: [string[], string][] = [
    [['--keep', '--exit'], '--keep and --exit exclude each other.'],
    [['--port', 'x'], '--port takes a number from 1 to 65535, not "x".'],
    [['--port', '70000'], '--port takes a number from 1 to 65535, not "70000".'],
    [
      ['--mlflow', 'http://localhost:5000', '--port', '5000'],
      '--port and --directory are for the server that the demo starts: leave them out with --mlflow.',
    ],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ];
  for (const [args, message] of wrong) {
    it(`rejects ${args.join(' ')} and shows the usage`, () => {
      expect(() => readOptions(args, false)).to.throw(Error, `${message}\n${USAGE}`);
    });
  }
});
