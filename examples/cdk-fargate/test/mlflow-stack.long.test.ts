/** Checks the README's statements about the stack in its template. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { temporaryFolder } from '../src/temporary.js';
import { resource, resources, type StackTemplate, synthesizeCase } from './support/synthesize.js';

const ROOT = resolve(import.meta.dirname, '../../..');

describe('MLflow on Fargate', function () {
  this.timeout(180_000);
  let trial: StackTemplate;
  let production: StackTemplate;

  before(() => {
    trial = synthesizeCase('trial').template();
    production = synthesizeCase('production').template();
  });

  const container = (template: StackTemplate, idPart = 'ServerTask') =>
    resource(template, 'AWS::ECS::TaskDefinition', idPart).Properties.ContainerDefinitions[0];
  const env = (template: StackTemplate, idPart?: string): Record<string, unknown> =>
    Object.fromEntries(
      container(template, idPart).Environment.map(({ Name, Value }: Record<string, string>) => [Name, Value]),
    );
  const service = (template: StackTemplate, idPart = 'ServerService') =>
    resource(template, 'AWS::ECS::Service', idPart).Properties;
  const statements = (template: StackTemplate, idPart = '') =>
    resources(template, 'AWS::IAM::Policy')
      .filter(([id]) => id.includes(idPart))
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);

  describe('network', () => {
    it('has public and private subnets in two zones and runs tasks in the private ones', () => {
      for (const template of [trial, production]) {
        const subnets = resources(template, 'AWS::EC2::Subnet');
        expect(subnets.filter(([, { Properties }]) => Properties.MapPublicIpOnLaunch)).to.have.length(2);
        expect(subnets).to.have.length(4);
        for (const [, { Properties }] of resources(template, 'AWS::ECS::Service')) {
          const { AssignPublicIp, Subnets } = Properties.NetworkConfiguration.AwsvpcConfiguration;
          expect(AssignPublicIp).to.equal('DISABLED');
          for (const { Ref } of Subnets) expect(Ref).to.contain('private');
        }
      }
    });

    it('routes every private subnet to a NAT gateway: one in a trial, one per zone in production', () => {
      expect(resources(trial, 'AWS::EC2::NatGateway')).to.have.length(1);
      expect(resources(production, 'AWS::EC2::NatGateway')).to.have.length(2);
      for (const template of [trial, production]) {
        const routes = resources(template, 'AWS::EC2::Route').filter(([id]) => id.includes('private'));
        expect(routes).to.have.length(2);
        for (const [, { Properties }] of routes) {
          expect(Properties.DestinationCidrBlock).to.equal('0.0.0.0/0');
          expect(Properties.NatGatewayId).to.have.property('Ref');
        }
      }
    });

    it('reaches S3 through a gateway endpoint', () => {
      for (const template of [trial, production]) {
        const { Properties } = resource(template, 'AWS::EC2::VPCEndpoint');
        expect(Properties.VpcEndpointType).to.equal('Gateway');
        expect(JSON.stringify(Properties.ServiceName)).to.match(/\.s3"/);
        // They include those of the private subnets.
        expect(Properties.RouteTableIds).to.have.length(4);
      }
    });

    it('needs no route to the internet if it is isolated, because it uses Amazon ECR and interface endpoints', () => {
      const isolated = synthesizeCase('production in an isolated network');
      const template = isolated.template();
      expect(resources(template, 'AWS::EC2::NatGateway')).to.deep.equal([]);
      expect(resources(template, 'AWS::EC2::InternetGateway')).to.deep.equal([]);
      const names = resources(template, 'AWS::EC2::VPCEndpoint').map(([, { Properties }]) =>
        JSON.stringify(Properties.ServiceName).replace(/.*?([\w.-]+)"\]*}?$/, '$1'),
      );
      const services = ['ecr.api', 'ecr.dkr', 'logs', 'secretsmanager', 'ssmmessages', 'bedrock-runtime', 's3'];
      for (const name of services) expect(names.join(' ')).to.contain(name);
      const repositories = resources(isolated.template('images'), 'AWS::ECR::Repository');
      expect(repositories.map(([, { Properties }]) => Properties.RepositoryName)).to.have.members([
        'mlflow-production/mlflow',
        'mlflow-production/postgres',
        'mlflow-production/collector',
      ]);
      for (const [, { Properties }] of resources(template, 'AWS::ECS::TaskDefinition')) {
        expect(JSON.stringify(Properties.ContainerDefinitions[0].Image)).to.contain('.dkr.ecr.');
      }
    });
  });

  describe('database', () => {
    it('has encryption, backups, protection, a standby and a generated password in production', () => {
      const { Properties, DeletionPolicy } = resource(production, 'AWS::RDS::DBInstance');
      expect(Properties).to.include({
        Engine: 'postgres',
        StorageEncrypted: true,
        BackupRetentionPeriod: 14,
        DeletionProtection: true,
        MultiAZ: true,
        PubliclyAccessible: false,
      });
      expect(DeletionPolicy).to.equal('Snapshot');
      expect(JSON.stringify(Properties.MasterUserPassword)).to.contain('{{resolve:secretsmanager:');
      expect(
        resource(production, 'AWS::SecretsManager::Secret').Properties.GenerateSecretString.GenerateStringKey,
      ).to.equal('password');
      expect(resource(production, 'AWS::RDS::DBParameterGroup').Properties.Parameters).to.deep.equal({
        'rds.force_ssl': '1',
      });
    });

    it('is a single task on EFS with a name in Cloud Map in a trial', () => {
      expect(resources(trial, 'AWS::RDS::DBInstance')).to.deep.equal([]);
      const { Properties, DeletionPolicy } = resource(trial, 'AWS::EFS::FileSystem');
      expect(Properties.Encrypted).to.equal(true);
      expect(DeletionPolicy).to.equal('Retain');
      const task = resource(trial, 'AWS::ECS::TaskDefinition', 'DatabaseTask').Properties;
      expect(task.Volumes[0].EFSVolumeConfiguration).to.deep.include({ TransitEncryption: 'ENABLED' });
      const point = resource(trial, 'AWS::EFS::AccessPoint').Properties;
      expect(container(trial, 'DatabaseTask').User).to.equal(point.PosixUser.Uid);
      expect(service(trial, 'DatabaseService').DeploymentConfiguration).to.include({
        MinimumHealthyPercent: 0,
        MaximumPercent: 100,
      });
      expect(resource(trial, 'AWS::ServiceDiscovery::PrivateDnsNamespace').Properties.Name).to.equal(
        'mlflow-trial.internal',
      );
      expect(resource(trial, 'AWS::ServiceDiscovery::Service').Properties.Name).to.equal('postgres');
      expect(env(trial)['PGHOST']).to.equal('postgres.mlflow-trial.internal');
    });

    it('admits only MLflow', () => {
      for (const [template, group] of [
        [production, 'DatabaseInstanceSecurityGroup'],
        [trial, 'DatabaseServiceSecurityGroup'],
      ] as const) {
        expect(
          resources(template, 'AWS::EC2::SecurityGroup').find(([id]) => id.startsWith(group))?.[1].Properties,
        ).to.not.have.property('SecurityGroupIngress');
        const { Properties } = resource(template, 'AWS::EC2::SecurityGroupIngress', `${group}from`);
        expect(Properties).to.deep.include({ FromPort: 5432, ToPort: 5432 });
        expect(Properties.SourceSecurityGroupId['Fn::GetAtt'][0]).to.contain('ServerGroup');
      }
    });

    it('exists before MLflow starts', () => {
      expect(resource(trial, 'AWS::ECS::Service', 'ServerService').DependsOn?.join()).to.contain('DatabaseService');
      expect(resource(production, 'AWS::ECS::Service', 'ServerService').DependsOn?.join()).to.contain(
        'DatabaseInstance',
      );
    });
  });

  describe('bucket', () => {
    it('blocks public access, requires TLS and keeps versions', () => {
      for (const template of [trial, production]) {
        for (const [id, { Properties }] of resources(template, 'AWS::S3::Bucket')) {
          expect(Object.values(Properties.PublicAccessBlockConfiguration)).to.deep.equal([true, true, true, true]);
          expect(Properties).to.have.property('BucketEncryption');
          const policies = resources(template, 'AWS::S3::BucketPolicy').filter(
            ([, policy]) => policy.Properties.Bucket.Ref === id,
          );
          const denied = policies.flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement);
          expect(denied).to.deep.include.members([
            denied.find(
              ({ Effect, Condition }) => Effect === 'Deny' && Condition?.Bool?.['aws:SecureTransport'] === 'false',
            ),
          ]);
        }
        expect(
          resource(template, 'AWS::S3::Bucket', 'ArtifactsBucket').Properties.VersioningConfiguration,
        ).to.deep.equal({
          Status: 'Enabled',
        });
      }
    });
  });

  describe('load balancer', () => {
    const ingress = (template: StackTemplate) =>
      resource(template, 'AWS::EC2::SecurityGroup', 'LoadBalancerGroup').Properties.SecurityGroupIngress;

    it('is internal and admits the addresses of the VPC', () => {
      for (const template of [trial, production]) {
        const { Properties } = resource(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
        expect(Properties.Scheme).to.equal('internal');
        expect(ingress(template)).to.deep.equal([
          { CidrIp: '10.0.0.0/16', Description: 'Allowed network', FromPort: 80, IpProtocol: 'tcp', ToPort: 80 },
        ]);
        expect(resources(template, 'AWS::ElasticLoadBalancingV2::Listener')).to.have.length(1);
      }
    });

    it('admits only the allowed addresses on each of its ports', () => {
      const rules = ingress(synthesizeCase('trial with everything').template());
      expect(
        rules.map(({ CidrIp, FromPort, ToPort }: Record<string, unknown>) => [CidrIp, FromPort, ToPort]),
      ).to.have.deep.members([
        ['10.8.0.0/16', 80, 80],
        ['192.168.7.0/24', 80, 80],
        ['10.8.0.0/16', 4318, 4318],
        ['192.168.7.0/24', 4318, 4318],
      ]);
    });

    it('speaks HTTPS with a certificate', () => {
      const template = synthesizeCase('production on the internet').template();
      const { Properties } = resource(template, 'AWS::ElasticLoadBalancingV2::Listener');
      expect(Properties).to.include({ Port: 443, Protocol: 'HTTPS' });
      expect(Properties.SslPolicy).to.match(/TLS13/);
      expect(Properties.Certificates[0].CertificateArn).to.match(/^arn:aws:acm:/);
      expect(resource(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties.Scheme).to.equal(
        'internet-facing',
      );
      expect(ingress(template)).to.have.length(1);
      expect(ingress(template)[0]).to.include({ CidrIp: '203.0.113.0/24', FromPort: 443 });
      expect(template.Outputs?.['Url']?.Value).to.equal('https://mlflow.example.com');
    });

    it('has a name in lower case, because MLflow compares it with the Host header', () => {
      for (const template of [trial, production]) {
        const { Name } = resource(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties;
        expect(Name).to.match(/^[a-z0-9-]{1,32}$/);
      }
    });

    it('closes an idle connection before MLflow does', () => {
      for (const template of [trial, production]) {
        const { LoadBalancerAttributes } = resource(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties;
        const idle = LoadBalancerAttributes.find(({ Key }: { Key: string }) => Key === 'idle_timeout.timeout_seconds');
        const [, keepAlive] = /--timeout-keep-alive (\d+)/.exec(container(template).Command.join(' ')) ?? [];
        expect(Number(keepAlive)).to.be.above(Number(idle.Value));
      }
    });

    it('has another name if it has another scheme', () => {
      const { Name } = resource(
        synthesizeCase('production on the internet').template(),
        'AWS::ElasticLoadBalancingV2::LoadBalancer',
      ).Properties;
      expect(Name).to.equal('mlflow-production-public');
    });

    it('checks the health of the tasks', () => {
      const { Properties } = resource(trial, 'AWS::ElasticLoadBalancingV2::TargetGroup');
      expect(Properties).to.include({ HealthCheckPath: '/health', Port: 5000, TargetType: 'ip' });
    });
  });

  describe('service', () => {
    it('rolls back a failed deployment', () => {
      for (const template of [trial, production, synthesizeCase('production with HTTPS').template()])
        for (const [, { Properties }] of resources(template, 'AWS::ECS::Service'))
          expect(Properties.DeploymentConfiguration.DeploymentCircuitBreaker).to.deep.equal({
            Enable: true,
            Rollback: true,
          });
    });

    it('scales from 1 to 5 tasks at 70% CPU with a minute between two steps', () => {
      for (const template of [trial, production]) {
        expect(resource(template, 'AWS::ApplicationAutoScaling::ScalableTarget').Properties).to.include({
          MinCapacity: 1,
          MaxCapacity: 5,
        });
        const policy = resource(template, 'AWS::ApplicationAutoScaling::ScalingPolicy').Properties;
        expect(policy.TargetTrackingScalingPolicyConfiguration).to.deep.equal({
          PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
          TargetValue: 70,
          ScaleInCooldown: 60,
          ScaleOutCooldown: 60,
        });
        // A number here would reset the scaling with each deployment.
        expect(service(template)).to.not.have.property('DesiredCount');
      }
    });

    it('opens no more connections than PostgreSQL accepts, even while a deployment doubles the tasks', () => {
      // PostgreSQL's default less its reserved connections, and the limit of Amazon RDS for a db.t4g.medium.
      for (const [template, most] of [
        [trial, 100 - 3],
        [production, 400],
      ] as const) {
        const { MLFLOW_SQLALCHEMYSTORE_POOL_SIZE: size, MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW: overflow } = env(template);
        const command: string[] = container(template).Command;
        const workers = Number(command[command.indexOf('--workers') + 1]);
        const tasks = resource(template, 'AWS::ApplicationAutoScaling::ScalableTarget').Properties.MaxCapacity;
        const doubled = service(template).DeploymentConfiguration.MaximumPercent / 100;
        // MLflow has a pool each for traces, models and jobs.
        expect((Number(size) + Number(overflow)) * 3 * workers * tasks * doubled).to.be.within(1, most);
      }
    });

    it('does not request prices from the internet if it is isolated', () => {
      const isolated = synthesizeCase('production in an isolated network').template();
      expect(env(isolated)['MLFLOW_MODEL_CATALOG_URI']).to.equal('');
      expect(env(production)).to.not.have.property('MLFLOW_MODEL_CATALOG_URI');
    });

    it('runs no task during maintenance', () => {
      const template = synthesizeCase('trial in an isolated network, for maintenance').template();
      expect(service(template).DesiredCount).to.equal(0);
      expect(resource(template, 'AWS::ApplicationAutoScaling::ScalableTarget').Properties).to.include({
        MinCapacity: 0,
        MaxCapacity: 0,
      });
    });

    it('uses the image and the health check of docker-compose.yml', () => {
      const { services } = parse(readFileSync(resolve(ROOT, 'docker-compose.yml'), 'utf8'));
      for (const template of [trial, production]) {
        const { Image, HealthCheck } = container(template);
        expect(Image).to.equal(services.mlflow.image.split('@')[0]);
        expect(HealthCheck.Command).to.deep.equal(services.mlflow.healthcheck.test);
      }
    });

    it('keeps logs for a limited time', () => {
      for (const template of [trial, production]) {
        const groups = resources(template, 'AWS::Logs::LogGroup');
        expect(groups).to.not.be.empty;
        for (const [, { Properties }] of groups)
          expect(Properties.RetentionInDays).to.equal(template === trial ? 7 : 90);
        for (const [, { Properties }] of resources(template, 'AWS::ECS::TaskDefinition'))
          expect(Properties.ContainerDefinitions[0].LogConfiguration.LogDriver).to.equal('awslogs');
      }
    });

    it('has the password only from Secrets Manager', () => {
      for (const template of [trial, production]) {
        expect(container(template).Secrets.map(({ Name }: { Name: string }) => Name)).to.deep.equal(['PGPASSWORD']);
        expect(env(template)['MLFLOW_BACKEND_STORE_URI']).to.equal('postgresql+psycopg2://');
      }
    });
  });

  describe('containers', () => {
    it('run as users without rights, except the one that gives the queue to the Collector', () => {
      const template = synthesizeCase('trial with everything').template();
      const users = resources(template, 'AWS::ECS::TaskDefinition').flatMap(([, { Properties }]) =>
        Properties.ContainerDefinitions.map(({ Name, User }: Record<string, string>) => [Name, User]),
      );
      expect(Object.fromEntries(users)).to.deep.equal({
        mlflow: '10001',
        postgres: '70',
        collector: '10001',
        queue: '0',
      });
    });

    it('of the Collector cannot write outside of the queue, and have no capabilities', () => {
      const [collector, queue] = resource(
        synthesizeCase('trial with everything').template(),
        'AWS::ECS::TaskDefinition',
        'CollectorTask',
      ).Properties.ContainerDefinitions;
      for (const { ReadonlyRootFilesystem, Privileged } of [collector, queue]) {
        expect([ReadonlyRootFilesystem, Privileged]).to.deep.equal([true, undefined]);
      }
      expect(collector.LinuxParameters.Capabilities).to.deep.equal({ Drop: ['ALL'] });
      for (const { ContainerPort } of collector.PortMappings) expect(ContainerPort).to.be.greaterThan(1023);
      expect(queue).to.deep.include({
        EntryPoint: ['chown'],
        Command: ['10001:10001', '/var/lib/otelcol'],
        Essential: false,
      });
      expect(queue).not.to.have.property('PortMappings');
      expect(collector.DependsOn).to.deep.equal([{ Condition: 'SUCCESS', ContainerName: 'queue' }]);
      expect(collector.MountPoints).to.deep.equal(queue.MountPoints);
    });
  });

  describe('authentication', () => {
    const everyone = (): StackTemplate => synthesizeCase('production for everyone, with passwords').template();

    it('admits the internet only with the switch, passwords and TLS', () => {
      const rules = resource(everyone(), 'AWS::EC2::SecurityGroup', 'LoadBalancerGroup').Properties
        .SecurityGroupIngress;
      expect(rules).to.have.length(1);
      expect(rules[0]).to.include({ CidrIp: '0.0.0.0/0', FromPort: 443 });
      expect(container(everyone()).Command.slice(-2)).to.deep.equal(['--app-name', 'basic-auth']);
    });

    it('has its password and key only from Secrets Manager', () => {
      const { Secrets, Environment } = container(everyone());
      expect(Secrets.map(({ Name }: { Name: string }) => Name)).to.deep.equal([
        'PGPASSWORD',
        'MLFLOW_AUTH_ADMIN_PASSWORD',
        'MLFLOW_FLASK_SERVER_SECRET_KEY',
      ]);
      expect(JSON.stringify(Environment)).not.to.match(/"Name":"[A-Z_]*(PASSWORD|SECRET)/);
      const lengths = resources(everyone(), 'AWS::SecretsManager::Secret').map(([id, { Properties }]) => [
        id.replace(/[0-9A-F]{8}$/, ''),
        Properties.GenerateSecretString.PasswordLength,
      ]);
      expect(Object.fromEntries(lengths)).to.include({
        ServerAuthenticationAdministrator: 32,
        ServerAuthenticationKey: 64,
      });
      expect(everyone().Outputs).to.have.property('AdministratorSecret');
    });

    it('writes the files that MLflow reads before it starts MLflow', async function () {
      if (process.platform === 'win32') return this.skip();
      const folder = temporaryFolder('authentication');
      const { EntryPoint } = container(everyone());
      const [program, ...args] = EntryPoint.map((part: string) => part.replaceAll('/tmp/', `${folder}/`));
      const given = env(everyone()) as Record<string, string>;
      const run = promisify(execFile);
      const { stdout } = await run(program, [...args, 'echo', 'two words'], { env: { ...process.env, ...given } });
      expect(stdout).to.equal('two words\n');
      const written = (name: string): string => readFileSync(resolve(folder, name), 'utf8');
      expect(given['MLFLOW_AUTH_CONFIG_PATH']).to.equal('/tmp/basic_auth.ini');
      expect(written('basic_auth.ini')).to.contain('database_uri = postgresql+psycopg2://\n');
      expect(written('outage_auth.py')).to.equal(readFileSync(resolve(ROOT, 'deploy/compose/outage_auth.py'), 'utf8'));
    });

    it('gives the Collector a password for MLflow from Secrets Manager', () => {
      const template = synthesizeCase('trial with passwords and a Collector').template();
      const [secret, ...others] = container(template, 'CollectorTask').Secrets;
      expect(others).to.deep.equal([]);
      expect(secret.Name).to.equal('MLFLOW_AUTHORIZATION');
      expect(JSON.stringify(secret.ValueFrom)).to.contain(':secret:mlflow-collector');
    });

    it('opens no more connections than PostgreSQL accepts', () => {
      const template = synthesizeCase('trial with passwords and a Collector').template();
      const { MLFLOW_SQLALCHEMYSTORE_POOL_SIZE: size, MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW: overflow } = env(template);
      // Ten tasks during a deployment, and a fourth pool for users.
      expect((Number(size) + Number(overflow)) * 4 * 10).to.be.within(1, 97);
    });
  });

  describe('permissions', () => {
    it('of the server cover only its artifacts: no Bedrock, no other bucket, no administration', () => {
      const own = statements(synthesizeCase('production on the internet').template(), 'ServerTaskTaskRole');
      expect(own.flatMap(({ Action }) => Action)).to.have.members([
        's3:AbortMultipartUpload',
        's3:DeleteObject',
        's3:GetObject',
        's3:ListMultipartUploadParts',
        's3:PutObject',
        's3:ListBucket',
      ]);
      for (const { Resource } of own) expect(JSON.stringify(Resource)).to.contain('ArtifactsBucket');
      for (const template of [trial, production])
        expect(JSON.stringify(statements(template))).to.not.match(/bedrock|"s3:\*"|iam:/);
    });

    it('for port forwarding are only those of Session Manager', () => {
      const unlimited = statements(trial, 'TaskRole').filter(({ Resource }) => Resource === '*');
      expect(unlimited.flatMap(({ Action }) => Action)).to.have.members([
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ]);
      expect(service(trial).EnableExecuteCommand).to.equal(true);
      expect(service(synthesizeCase('production with HTTPS').template()).EnableExecuteCommand).to.not.equal(true);
    });

    it('use no managed policies', () => {
      for (const template of [trial, production])
        for (const [, { Properties }] of resources(template, 'AWS::IAM::Role'))
          expect(Properties).to.not.have.property('ManagedPolicyArns');
    });
  });

  describe('Collector', () => {
    it('gets the configuration that docker-compose.yml mounts and every variable without a default', () => {
      const file = readFileSync(resolve(ROOT, 'deploy/collector/config.yaml'), 'utf8');
      const template = synthesizeCase('trial with everything').template();
      const given = env(template, 'CollectorTask');
      expect(given['COLLECTOR_CONFIG']).to.equal(file);
      expect(container(template, 'CollectorTask').Command).to.deep.equal(['--config=env:COLLECTOR_CONFIG']);
      expect(given).to.deep.include({ MLFLOW_EXPERIMENT_ID: '0', OTLP_BACKEND_ENDPOINT: 'https://otlp.example.com' });
      const { Secrets, Memory } = container(template, 'CollectorTask');
      expect(Secrets).to.have.length(1);
      expect(Secrets[0].Name).to.equal('OTLP_BACKEND_AUTHORIZATION');
      expect(JSON.stringify(Secrets[0].ValueFrom)).to.contain(':secret:otlp-backend');
      // The memory limiter reads this limit.
      expect(Memory).to.equal(1024);
      for (const [, name = ''] of file.matchAll(/\$\{env:(\w+)\}/g)) expect(given).to.have.property(name);
      // The configuration uses every given name.
      for (const name of Object.keys(given)) if (name !== 'COLLECTOR_CONFIG') expect(file).to.contain(`\${env:${name}`);
    });

    it('does not queue for a second backend if the settings name none', () => {
      const template = synthesizeCase('production with HTTPS').template();
      const given = env(template, 'CollectorTask');
      expect(container(template, 'CollectorTask').Command).to.deep.equal([
        '--config=env:COLLECTOR_CONFIG',
        '--config=env:COLLECTOR_NO_BACKEND',
      ]);
      const file = parse(String(given['COLLECTOR_CONFIG']));
      const overlay = parse(String(given['COLLECTOR_NO_BACKEND']));
      expect(file.service.pipelines).to.include.keys(Object.keys(overlay.service.pipelines));
      expect(overlay.service.pipelines['traces/backend'].exporters).to.deep.equal(Object.keys(overlay.exporters));
    });

    it('admits the load balancer for spans and for health checks', () => {
      const template = synthesizeCase('trial with everything').template();
      const ports = resources(template, 'AWS::EC2::SecurityGroupIngress')
        .filter(([id]) => id.startsWith('CollectorGroupfrom'))
        .map(([, { Properties }]) => Properties.FromPort);
      expect(ports).to.have.members([4318, 13133]);
      const group = resource(template, 'AWS::ElasticLoadBalancingV2::TargetGroup', 'Collectors').Properties;
      expect(group).to.include({ Port: 4318, HealthCheckPort: '13133' });
    });
  });

  describe('cdk destroy', () => {
    const stateful = /S3::Bucket$|EFS::FileSystem$|RDS::DBInstance$|SecretsManager::Secret$/;
    const policies = (template: StackTemplate) =>
      Object.values(template.Resources)
        .filter(({ Type }) => stateful.test(Type))
        .map(({ DeletionPolicy }) => DeletionPolicy);

    it('keeps the data', () => {
      expect(policies(trial)).to.deep.equal(['Retain', 'Retain', 'Retain', 'Retain']);
      expect(policies(production)).to.have.members(['Retain', 'Retain', 'Retain', 'Snapshot']);
    });

    it('deletes everything with removeData=true', () => {
      const template = synthesizeCase('trial with everything').template();
      const kept = Object.entries(template.Resources).filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain');
      expect(kept).to.deep.equal([]);
      // AWS Backup keeps the backups, not the file system.
      const { BackupPolicy } = resource(template, 'AWS::EFS::FileSystem').Properties;
      expect(BackupPolicy.Status).to.equal('DISABLED');
      expect(resource(trial, 'AWS::EFS::FileSystem').Properties.BackupPolicy.Status).to.equal('ENABLED');
      const images = synthesizeCase('trial in an isolated network, for maintenance').template('images');
      for (const [, { DeletionPolicy, Properties }] of resources(images, 'AWS::ECR::Repository')) {
        expect([DeletionPolicy, Properties.EmptyOnDelete]).to.deep.equal(['Delete', true]);
      }
    });
  });

  it('outputs the address of MLflow and the bucket', () => {
    for (const template of [trial, production]) {
      expect(JSON.stringify(template.Outputs?.['Url']?.Value)).to.contain('DNSName');
      expect(JSON.stringify(template.Outputs?.['ArtifactBucket']?.Value)).to.contain('ArtifactsBucket');
    }
    expect(synthesizeCase('trial with everything').template().Outputs).to.have.property('CollectorUrl');
  });
});
