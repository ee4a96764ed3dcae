// An application that starts tracing itself and then does as its argument says.
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
  'pauses and goes on': async (tracing) => {
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
  'waits inside of a traced function': async () => {
    const agent = traced({ name: 'agent', spanType: 'AGENT' }, async () => {
      await call();
      console.log('called');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });
    await agent();
  },
  'tells of its end': async () => {
    let isTold = false;
    process.on('beforeExit', () => {
      if (!isTold) setImmediate(() => console.log('one more thing'));
      isTold = true;
    });
    await call();
    console.log('called');
  },
  'traces what it does at its end': async () => {
    let rounds = 0;
    const sayGoodbye = traced('goodbye', () => console.log('goodbye'));
    process.on('beforeExit', () => {
      sayGoodbye();
      rounds += 1;
      if (rounds === 9) process.exit(9);
    });
    await call();
  },
  'saves its work once, at its end, while its heart beats': async () => {
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
  'waits for ever while its heart beats': async () => {
    setInterval(
      traced('heartbeat', () => 1),
      20,
    ).unref();
    await call();
    console.log('called');
  },
  'traces the beats of its heart': async () => {
    const beat = traced('heartbeat', () => 1);
    setInterval(beat, 20).unref();
    setTimeout(() => process.exit(9), 15_000).unref();
    await call();
    console.log('called');
  },
};

PROGRAMS[process.argv[2]](autolog()).then(() => bedrock.destroy());
