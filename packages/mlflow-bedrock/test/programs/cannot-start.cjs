// An application whose tracing cannot start.
const { autolog } = require('mlflow-bedrock');

autolog({
  get maxMediaBytes() {
    throw new Error('this option cannot be read');
  },
});
process.argv[2] = 'ends by itself';
require('./app.cjs');
