import { expect } from 'chai';
import { otherBackends } from '../../src/autolog/other-backends.js';
import { readableOtlpEndpoint } from '../../src/common/environment.js';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' };
const UNKNOWN = (names: string): string =>
  `OTEL_TRACES_EXPORTER: ${names} is not supported and gets no spans; MLflow gets them anyway. Use otlp, console or none.`;
const GRPC = (variable: string): string =>
  `${variable}=grpc is not supported, so the OTLP backend gets no spans; use http/protobuf and the backend's endpoint for HTTP, usually port 4318.`;

describe('the backends beside MLflow', () => {
  const CASES: readonly [env: Record<string, string>, backends: string[], said?: string[]][] = [
    [{}, []],
    [ENDPOINT, ['otlp']],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost:4318/v1/traces' }, ['otlp']],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: '' }, ['otlp']],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: ' , ' }, ['otlp']],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, []],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: ' None ' }, []],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'otlp,none' }, []],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, ['otlp']],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'console' }, ['console']],
    [{ OTEL_TRACES_EXPORTER: 'OTLP, console,otlp' }, ['otlp', 'console']],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'zipkin' }, [], [UNKNOWN('zipkin')]],
    [{ OTEL_TRACES_EXPORTER: 'jaeger,otlp,toString' }, ['otlp'], [UNKNOWN('jaeger, tostring')]],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, ['otlp']],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, [], [GRPC('OTEL_EXPORTER_OTLP_PROTOCOL')]],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'GRPC' }, [], [GRPC('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL')]],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
      ['otlp'],
    ],
    [
      { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      ['otlp'],
      ['OTEL_EXPORTER_OTLP_PROTOCOL=http/json is not supported; the OTLP backend gets http/protobuf.'],
    ],
    [
      { OTEL_TRACES_EXPORTER: 'otlp,console', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      ['console'],
      [GRPC('OTEL_EXPORTER_OTLP_PROTOCOL')],
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://ada:Kq7pw@otel host:4318' },
      [],
      [
        'OTEL_EXPORTER_OTLP_ENDPOINT is not a URL, so the OTLP backend gets no spans; ' +
          'percent-encode special characters in its user name and password, and check host and port.',
      ],
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'x y', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost/v1/traces' },
      ['otlp'],
    ],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, []],
    [{ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, []],
  ];
  for (const [env, backends, said = []] of CASES) {
    it(`are ${backends.join(', ') || 'none'} with ${decodeURIComponent(String(new URLSearchParams(env))) || 'no variable'}`, () => {
      const warnings: string[] = [];
      expect(otherBackends(env, (message) => warnings.push(message))).to.deep.equal(backends);
      expect(warnings).to.deep.equal(said);
    });
  }

  it('are asked for by the default endpoint in messages if no variable names one', () => {
    expect(readableOtlpEndpoint(ENDPOINT)).to.equal('the OTLP endpoint');
    expect(readableOtlpEndpoint({})).to.equal('http://localhost:4318, the default OTLP endpoint');
  });
});
