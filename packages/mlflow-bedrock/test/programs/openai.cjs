// Calls a model through OpenAI's SDK. Its base URL and key come from the environment.
const OpenAI = require('openai');

const messages = [{ role: 'user', content: 'Hi' }];
new OpenAI().chat.completions
  .create({ model: 'openai.gpt-oss-20b-1:0', messages })
  .then((answer) => console.log(answer.choices[0].message.content));
