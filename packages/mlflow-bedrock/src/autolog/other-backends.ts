/**
 * The backends that get the spans beside MLflow, from the environment.
 *
 * See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#exporter-selection and
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
 */

import { ConsoleSpanExporter, type SpanExporter } from '@opentelemetry/sdk-trace';
import { type Environment, hasOtlpEndpoint } from '../common/environment.js';
import { OtlpExporter } from './otlp-exporter.js';

/** `otlp`: a backend that takes OTLP over HTTP. `console`: the standard output of the process. */
export type OtherBackend = 'otlp' | 'console';

/** The exporter of a backend beside MLflow. */
export interface OtherExporter extends SpanExporter {
  /** Reports no failure of exports that are under way: the end of the process does not wait for them, which the log says. */
  giveUp?(): void;
}

const EXPORTERS: Readonly<Record<OtherBackend, () => OtherExporter>> = {
  otlp: () => new OtlpExporter(),
  console: () => new ConsoleSpanExporter(),
};
const PROTOCOL = 'http/protobuf';

/**
 * Returns the backends of `OTEL_TRACES_EXPORTER`. Without that variable it is OTLP if a variable names an endpoint. Warns of
 * unsupported values, in one line for each variable.
 */
export function otherBackends(env: Environment, warn: (message: string) => void): readonly OtherBackend[] {
  const backends = chosenBackends(env, warn);
  return backends.includes('otlp') && !canSendOtlp(env, warn) ? backends.filter((name) => name !== 'otlp') : backends;
}

/** Creates the exporter of a backend. */
export function createExporter(backend: OtherBackend): OtherExporter {
  return EXPORTERS[backend]();
}

function chosenBackends(env: Environment, warn: (message: string) => void): readonly OtherBackend[] {
  const names = wordsOf(env['OTEL_TRACES_EXPORTER']);
  if (names.length === 0) return hasOtlpEndpoint(env) ? ['otlp'] : [];
  if (names.includes('none')) return [];
  const unknown = names.filter((name) => !isBackend(name));
  if (unknown.length > 0) {
    warn(
      `OTEL_TRACES_EXPORTER: ${unknown.join(', ')} is not supported and gets no spans; ` +
        'MLflow gets them anyway. Use otlp, console or none.',
    );
  }
  return names.filter(isBackend);
}

/**
 * False for gRPC, because a server that speaks gRPC refuses everything else, and for an address that cannot be read.
 * OpenTelemetry's exporter would log such an address, which may hold a password, and send to localhost instead.
 */
function canSendOtlp(env: Environment, warn: (message: string) => void): boolean {
  for (const variable of ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    const address = env[variable]?.trim();
    if (!address) continue;
    if (URL.canParse(address)) break;
    warn(
      `${variable} is not a URL, so the OTLP backend gets no spans; ` +
        'percent-encode special characters in its user name and password, and check host and port.',
    );
    return false;
  }
  for (const variable of ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']) {
    const [protocol] = wordsOf(env[variable]);
    if (protocol === undefined) continue;
    if (protocol === 'grpc') {
      warn(
        `${variable}=grpc is not supported, so the OTLP backend gets no spans; ` +
          `use ${PROTOCOL} and the backend's endpoint for HTTP, usually port 4318.`,
      );
      return false;
    }
    if (protocol !== PROTOCOL) warn(`${variable}=${protocol} is not supported; the OTLP backend gets ${PROTOCOL}.`);
    return true;
  }
  return true;
}

/** The words of a list, each once. */
function wordsOf(list: string | undefined): string[] {
  const words = (list ?? '').split(',').map((word) => word.trim().toLowerCase());
  return [...new Set(words)].filter((word) => word !== '');
}

function isBackend(name: string): name is OtherBackend {
  return Object.hasOwn(EXPORTERS, name);
}
