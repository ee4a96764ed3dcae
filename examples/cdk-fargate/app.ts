// The program that `cdk` runs, see cdk.json.
import { App } from 'aws-cdk-lib';
import { addStacks } from './src/stacks.js';

addStacks(new App());
