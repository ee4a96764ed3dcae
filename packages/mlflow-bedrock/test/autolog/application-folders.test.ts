import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { applicationFolders } from '../../src/common/application-folders.js';

const WORKING = process.cwd();

describe('the folders in which packages of the application are looked up', () => {
  it('are that of the program, and the working folder if the program was started above it or in it', () => {
    expect(applicationFolders(join(WORKING, 'app.js'))).to.deep.equal([WORKING, WORKING]);
    expect(applicationFolders(join(dirname(WORKING), 'app.js'))).to.deep.equal([dirname(WORKING), WORKING]);
  });

  it('are also the working folder for a tool that is installed above it', () => {
    const tool = join(dirname(WORKING), 'node_modules/next/dist/bin/next');
    expect(applicationFolders(tool)).to.deep.equal([dirname(tool), WORKING]);
  });

  it('are not the working folder for a tool that is installed elsewhere', () => {
    const tool = resolve('/opt/lib/node_modules/tool/cli.js');
    expect(applicationFolders(tool)).to.deep.equal([dirname(tool)]);
    expect(applicationFolders(resolve(`${WORKING}-2`, 'app.js'))).to.deep.equal([`${WORKING}-2`]);
  });

  it('are the working folder if there is no program', () => {
    const { argv } = process;
    try {
      process.argv = argv.slice(0, 1);
      expect(applicationFolders()).to.deep.equal([WORKING]);
    } finally {
      process.argv = argv;
    }
  });
});
