// The call that the programs with OpenAI's SDK make. Prints the answer.
const { writeSync } = require('node:fs');

exports.chat = async (
  { OpenAI },
  client = new OpenAI({ apiKey: 'key', baseURL: process.env.AWS_BEDROCK_BASE_URL }),
) => {
  const messages = [{ role: 'user', content: 'Hi' }];
  const {
    id: _,
    created: __,
    ...answer
  } = await client.chat.completions.create({ model: 'openai.gpt-oss-20b-1:0', messages });
  writeSync(1, `${JSON.stringify({ answer })}\n`);
};
