// An application that starts tracing itself. Its argument selects what it does then.
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');
const { autolog, traced } = require('mlflow-bedrock');

const bedrock = new BedrockRuntimeClient({});
const call = async () => {
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  await bedrock.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
};

const PROGRAMS = {
  'flushes and calls process.exit()': async (tracing) => {
    await call();
    await tracing.flush();
    process.exit(3);
  },
  'flushes while the limit of the batch processor passes': async (tracing) => {
    const { setTimeout: set } = globalThis;
    globalThis.setTimeout = (callback, millis, ...args) => set(callback, millis === 30_000 ? 0 : millis, ...args);
    await call();
    await tracing.flush();
  },
  'disables and starts again': async (tracing) => {
    await call();
    tracing.disable();
    await call();
    autolog();
    await call();
  },
  'shuts down and tries to start again': async (tracing) => {
    await call();
    await Promise.all([tracing.shutdown(), tracing.shutdown()]);
    autolog();
    await call();
    await tracing.flush();
  },
  'shuts down and ends': async (tracing) => {
    await call();
    console.log('called');
    await tracing.shutdown();
    console.log('shut down');
  },
  'waits inside a traced function': async () => {
    const agent = traced({ name: 'agent', spanType: 'AGENT' }, async () => {
      await call();
      console.log('called');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });
    await agent();
  },
  'prints once more at beforeExit': async () => {
    let isTold = false;
    process.on('beforeExit', () => {
      if (!isTold) setImmediate(() => console.log('one more thing'));
      isTold = true;
    });
    await call();
    console.log('called');
  },
  'traces at each beforeExit': async () => {
    let rounds = 0;
    const sayGoodbye = traced('goodbye', () => console.log('goodbye'));
    process.on('beforeExit', () => {
      sayGoodbye();
      rounds += 1;
      if (rounds === 9) process.exit(9);
    });
    await call();
  },
  'works once more at beforeExit while an unreferenced timer traces': async () => {
    setInterval(
      traced('heartbeat', () => 1),
      20,
    ).unref();
    process.once('beforeExit', () => {
      setTimeout(() => {
        console.log('saved');
        process.exitCode = 3;
      }, 1500);
    });
    await call();
    console.log('called');
  },
  'awaits a promise that never settles while an unreferenced timer traces': async () => {
    setInterval(
      traced('heartbeat', () => 1),
      20,
    ).unref();
    await call();
    console.log('called');
  },
  'ends while an unreferenced timer traces': async () => {
    const beat = traced('heartbeat', () => 1);
    setInterval(beat, 20).unref();
    setTimeout(() => process.exit(9), 15_000).unref();
    await call();
    console.log('called');
  },
};

PROGRAMS[process.argv[2]](autolog()).then(() => bedrock.destroy());
