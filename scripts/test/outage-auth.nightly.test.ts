/** deploy/compose/outage_auth.py in MLflow, with basic authentication. */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from 'testing/compose.js';
import { installPackages } from 'testing/mlflow/install.js';
import { BASIC_AUTH } from 'testing/mlflow/package-sets.js';
import { type MlflowServer, runMlflow } from 'testing/mlflow/server.js';
import { freePort } from 'testing/ports.js';

const ADMIN = { username: 'admin', password: 'correct horse battery' };
const JOB_TOKEN = 'token-of-a-job-7f3a';
const GATEWAY = '/gateway/none/mlflow/invocations';
/** Counts the password checks of each request, and shows the number and the kind of route in headers of a 401. */
const COUNTED = `
import threading
import outage_auth
from mlflow.server.auth import sqlalchemy_store

count = threading.local()

def counted(check):
    def checked(*args):
        count.value += 1
        return check(*args)
    return checked

for module in (outage_auth, sqlalchemy_store):
    module.check_password_hash = counted(module.check_password_hash)

def authenticate():
    count.value = 0
    answer = outage_auth.authenticate()
    if hasattr(answer, "headers"):
        answer.headers["x-password-checks"] = str(count.value)
        answer.headers["x-is-gateway"] = str(outage_auth._is_gateway_route())
    return answer
`;

interface Answer {
  readonly status: number | undefined;
  readonly checks: unknown;
  readonly isGateway: unknown;
}

describe('outage_auth.py', function () {
  this.timeout(240_000);

  for (const staticPrefix of ['', '/mlflow']) {
    describe(staticPrefix === '' ? 'at the root of a server' : `below the prefix ${staticPrefix}`, () => {
      let server: MlflowServer;

      before(async () => {
        const folder = await mkdtemp(join(tmpdir(), 'outage-auth-'));
        await writeFile(join(folder, 'counted.py'), COUNTED);
        const config = join(folder, 'basic_auth.ini');
        await writeFile(
          config,
          `[mlflow]\ndatabase_uri = sqlite:///${join(folder, 'auth.db')}\ndefault_permission = READ\nauthorization_function = counted:authenticate\n`,
        );
        const port = await freePort();
        server = await runMlflow({
          args: [
            ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', '--app-name', 'basic-auth'],
            ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`],
            ...(staticPrefix === '' ? [] : ['--static-prefix', staticPrefix]),
          ],
          env: {
            PYTHONPATH: [folder, join(ROOT, 'deploy/compose'), await installPackages(BASIC_AUTH, () => {})].join(
              delimiter,
            ),
            PYTHONDONTWRITEBYTECODE: '1',
            MLFLOW_AUTH_CONFIG_PATH: config,
            MLFLOW_AUTH_ADMIN_USERNAME: ADMIN.username,
            MLFLOW_AUTH_ADMIN_PASSWORD: ADMIN.password,
            MLFLOW_FLASK_SERVER_SECRET_KEY: 'a key of this test',
            _MLFLOW_INTERNAL_GATEWAY_AUTH_TOKEN: JOB_TOKEN,
            MLFLOW_SERVER_ALLOWED_HOSTS: '*',
          },
          url: `http://127.0.0.1:${port}${staticPrefix}`,
          directory: folder,
          isTemporary: true,
        });
      });
      after(() => server?.close());

      const basic = (username: string, password: string): string =>
        `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

      /** Sends a request whose path and headers fetch() would normalise. */
      function post(path: string, headers: Record<string, string>, method = 'POST'): Promise<Answer> {
        const { hostname, port } = new URL(server.url);
        return new Promise((resolve, reject) => {
          const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
            response.resume();
            const { 'x-password-checks': checks, 'x-is-gateway': isGateway } = response.headers;
            response.on('end', () => resolve({ status: response.statusCode, checks, isGateway }));
          });
          sent.on('error', reject).end('{}');
        });
      }

      it('checks one password for a known and for an unknown user', async () => {
        for (const path of ['/v1/traces', '/api/2.0/mlflow/experiments/get?experiment_id=0', GATEWAY]) {
          for (const password of ['wrong', 'wröng']) {
            const known = await post(`${staticPrefix}${path}`, { authorization: basic(ADMIN.username, password) });
            const unknown = await post(`${staticPrefix}${path}`, { authorization: basic('nobody', password) });
            expect(known, path).to.deep.equal(unknown);
            expect(known.status).to.equal(401);
            if (password === 'wrong') expect(known.checks, path).to.equal('1');
          }
        }
        // A spelling that one of MLflow's two readers of this header does not understand.
        const odd = { authorization: basic(ADMIN.username, 'wrong').replace('Basic ', 'basic   ') };
        expect((await post(`${staticPrefix}${GATEWAY}`, odd)).checks).to.equal('1');
      });

      it('accepts the password of a user, also in the header of coding agents on routes of the gateway', async () => {
        const own = basic(ADMIN.username, ADMIN.password);
        const agent = { authorization: 'Bearer of-a-provider', 'x-mlflow-authorization': own };
        const routes = [GATEWAY, '/gateway/openai/v1/embeddings', '/gateway/proxy/none/v1/any/path'];
        for (const path of routes) {
          expect((await post(`${staticPrefix}${path}`, agent)).status, path).to.not.be.oneOf([401, 403, 503]);
          const job = { authorization: basic(ADMIN.username, JOB_TOKEN) };
          expect((await post(`${staticPrefix}${path}`, job)).status, path).to.not.be.oneOf([401, 403, 503]);
        }
        expect((await post(`${staticPrefix}/v1/traces`, { authorization: own })).status).to.not.equal(401);
      });

      it('treats no other path as one of the gateway', async () => {
        const agent = {
          authorization: 'Bearer of-a-provider',
          'x-mlflow-authorization': basic(ADMIN.username, ADMIN.password),
        };
        const job = { authorization: basic(ADMIN.username, JOB_TOKEN) };
        const paths = [
          ...['/v1/traces', '//v1/traces', '/v1/traces/gateway/', `/v1/traces?path=${GATEWAY}`, '/v1/traces/..'],
          ...[`/v1/traces#${GATEWAY}`, `/v1/traces%3F${GATEWAY}`, `/v1/traces/../..${GATEWAY}`, '/V1/TRACES'],
          ...[`/x${GATEWAY}`, `/${GATEWAY}`, GATEWAY.toUpperCase(), `${GATEWAY}/`, `${GATEWAY}/../../v1/traces`],
          ...[GATEWAY.replace('/mlflow', '%2Fmlflow%2F..'), '/gateway/', '/gateway/anything', '/gateway/../v1/traces'],
          ...['/api/2.0/mlflow/gateway/endpoints/list', '/ajax-api/3.0/mlflow/gateway/endpoints/get'],
          ...['/api/2.0/mlflow-artifacts/artifacts/gateway/a', '/mlflow/mlflow/gateway/none/mlflow/invocations'],
        ];
        for (const path of paths) {
          for (const headers of [agent, job]) {
            const { status, isGateway } = await post(`${staticPrefix}${path}`, headers);
            // MLflow itself answers 500 to paths that begin with two slashes.
            expect(status, path).to.be.oneOf(path.startsWith('//') ? [401, 404, 500] : [401, 404]);
            expect(isGateway ?? 'False', path).to.equal('False');
          }
        }
        // Only some methods of a path belong to the gateway.
        expect((await post(`${staticPrefix}${GATEWAY}`, agent, 'DELETE')).status).to.be.oneOf([401, 404, 405]);
        // Without the prefix, the path is not one of the server.
        if (staticPrefix !== '') expect((await post(GATEWAY, agent)).isGateway ?? 'False').to.equal('False');
      });

      it('ignores a path in the Host header', async () => {
        const headers = {
          host: `localhost${staticPrefix}${GATEWAY}?`,
          authorization: basic(ADMIN.username, JOB_TOKEN),
        };
        const { status, isGateway } = await post(`${staticPrefix}/v1/traces`, headers);
        expect([status, isGateway]).to.deep.equal([401, 'False']);
      });
    });
  }
});
