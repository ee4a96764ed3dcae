const { IgnorePlugin } = require('webpack');
const { mlflowBedrock } = require('mlflow-bedrock/webpack');

// Parts of NestJS that this application does not install.
const isMissing = (request) => /^@nestjs\/(microservices|websockets)/.test(request);

module.exports = (options) => ({
  ...options,
  // All packages go into the bundle. By default NestJS keeps them in node_modules.
  externals: [],
  plugins: [...options.plugins, new IgnorePlugin({ checkResource: isMissing }), mlflowBedrock()],
});
