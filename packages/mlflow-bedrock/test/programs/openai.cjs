// Calls a model through OpenAI's SDK, after autolog() with the options of its argument. The environment has the base URL.
const { autolog } = require('mlflow-bedrock');

autolog(JSON.parse(process.argv[2] ?? '{}'));
const OpenAI = require('openai');

const messages = [{ role: 'user', content: 'Hi' }];
new OpenAI().chat.completions
  .create({ model: 'openai.gpt-oss-20b-1:0', messages })
  .then((answer) => console.log(answer.choices[0].message.content));
