import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its key, both as PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

interface Authority extends Certificate {
  /** A certificate for a host name, or for a client when `host` is its name. */
  issue(host: string, validity?: { from: Date; to: Date }): Certificate;
}

const DAY_MILLIS = 24 * 60 * 60 * 1000;
// Object identifiers of X.509, as they are encoded.
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const SUBJECT_ALT_NAME = '551d11';

/** Creates a certificate authority for a test, because Node.js reads X.509 certificates but cannot write them. */
export function createAuthority(name = 'authority of a test'): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = writeCertificate({
    issuer: name,
    subject: name,
    publicKey,
    signer: privateKey,
    extensions: [extension(BASIC_CONSTRAINTS, sequence(der(0x01, Buffer.from([0xff]))))],
  });
  return {
    cert,
    key: toPem(privateKey),
    issue(host, validity) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const isAddress = /^[\d.]+$/.test(host);
      const altName = isAddress ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host));
      return {
        cert: writeCertificate({
          issuer: name,
          subject: host,
          publicKey: own.publicKey,
          signer: privateKey,
          extensions: [extension(SUBJECT_ALT_NAME, sequence(altName))],
          ...(validity === undefined ? {} : { validity }),
        }),
        key: toPem(own.privateKey),
      };
    },
  };
}

/** The key, encrypted. */
export function encryptKey(key: string, passphrase: string): string {
  return createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString();
}

function writeCertificate(parts: {
  issuer: string;
  subject: string;
  publicKey: KeyObject;
  signer: KeyObject;
  extensions: Buffer[];
  validity?: { from: Date; to: Date };
}): string {
  const { from, to } = parts.validity ?? {
    from: new Date(Date.now() - DAY_MILLIS),
    to: new Date(Date.now() + DAY_MILLIS),
  };
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    distinguishedName(parts.issuer),
    sequence(time(from), time(to)),
    distinguishedName(parts.subject),
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...parts.extensions)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, parts.signer));
  const base64 = sequence(toBeSigned, algorithm, signature).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const encoded = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...encoded]), content]);
}

function sequence(...contents: Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(COMMON_NAME), der(0x0c, Buffer.from(commonName)))));
}

function time(date: Date): Buffer {
  return der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
}
