import { runningTime } from '../../common/running-time.js';
import { type ShownText, say } from '../../common/shown-text.js';
import { within } from '../../common/waiting.js';
import { CREDENTIALS_MISSING_CODE, NO_CREDENTIALS_CODE, OwnError } from '../exchange/result.js';
import type { MlflowAwsCredentials } from '../settings/aws-credentials.js';
import type { AwsClock } from './clock.js';
import { explainLookUp } from './look-up-errors.js';

/** Credentials, or why there are none. */
type FoundCredentials =
  | { kind: 'credentials'; credentials: MlflowAwsCredentials }
  | {
      kind: 'none';
      reason: ShownText;
      /** Whether there are none until a user changes a setting. */
      isFinal: boolean;
    };

/** What identifies credentials in a signed request. */
interface UsedKey {
  readonly accessKeyId?: string | undefined;
  readonly sessionToken?: string | undefined;
}

/** Owns credentials, and looks them up again in time. */
export interface CredentialSource {
  /**
   * Returns credentials. Calls at the same time share one look-up. Never throws.
   *
   * @param deadline on the clock of `runningTime()`
   */
  get(deadline: number): Promise<FoundCredentials>;
  /** Looks them up because AWS refused this key. Returns whether there are others now. Never throws. */
  renew(refused: UsedKey, deadline: number): Promise<boolean>;
}

/**
 * Finds credentials anew.
 *
 * @param isRenewal whether AWS refused the latest ones, so that no cache may answer
 */
export type LookUp = (isRenewal: boolean) => Promise<MlflowAwsCredentials>;

interface Current {
  credentials: MlflowAwsCredentials;
  /** On the clock of AWS. */
  lookAgainAt: number;
  /** Of the look-up. Later ones have higher numbers. */
  number: number;
}

interface LookUpUnderWay {
  found: Promise<FoundCredentials>;
  isRenewal: boolean;
  startedAt: number;
}

// As in the AWS SDK, so that neither a slow request nor a wrong clock meets the end of the credentials.
const REFRESH_BEFORE_END_MILLIS = 5 * 60_000;
// A user may rewrite a profile without expiration at any time. A look-up may start a process.
const LOOK_AGAIN_MILLIS = 60_000;
const LOOK_AGAIN_AFTER_FAILURE_MILLIS = 10_000;
// While the present credentials are good, a request does not wait longer for newer ones.
const REFRESH_WAIT_MILLIS = 2_000;
// Some processes wait for a user. One that hangs must not end all later look-ups.
const GIVE_UP_MILLIS = 60_000;
// Secrets in files often end with a line break, which no header can carry.
const OF_KEYS = /^[\x21-\x7e]+$/;

/**
 * Creates a source that keeps credentials until five minutes before their end, or for a minute if they have none.
 *
 * @param maxAgeMillis They are looked up again after this time at the latest. Default: no limit.
 */
export function createCredentialSource(
  lookUp: LookUp,
  clock: AwsClock,
  maxAgeMillis: number = Number.POSITIVE_INFINITY,
): CredentialSource {
  let current: Current | undefined;
  let underWay: LookUpUnderWay | undefined;
  let lookUps = 0;

  const find = async (isRenewal: boolean): Promise<FoundCredentials> => {
    lookUps += 1;
    const number = lookUps;
    try {
      const credentials = readCredentials(await lookUp(isRenewal));
      const now = clock.now();
      // A look-up that hung for a while must not bring back what a later one has replaced.
      if (number > (current?.number ?? 0)) {
        current = { credentials, number, lookAgainAt: Math.min(nextLookUp(credentials, now), now + maxAgeMillis) };
      }
      return { kind: 'credentials', credentials };
    } catch (error) {
      const { reason, isFinal } = explainLookUp(error);
      // Credentials that were found before may be found again, so no failure is final then.
      return { kind: 'none', reason, isFinal: isFinal && current === undefined };
    }
  };

  const share = (isRenewal: boolean): Promise<FoundCredentials> => {
    const isHanging = underWay !== undefined && runningTime() - underWay.startedAt > GIVE_UP_MILLIS;
    if (underWay === undefined || isHanging || (isRenewal && !underWay.isRenewal)) {
      const started: LookUpUnderWay = { found: find(isRenewal), isRenewal, startedAt: runningTime() };
      underWay = started;
      started.found.then(() => {
        if (underWay === started) underWay = undefined;
      });
    }
    return underWay.found;
  };

  return {
    async get(deadline) {
      const now = clock.now();
      const present = current;
      if (present !== undefined && now < present.lookAgainAt) return found(present);
      const isGood = present !== undefined && !((present.credentials.expiration?.getTime() ?? Infinity) <= now);
      const end = isGood ? Math.min(deadline, runningTime() + REFRESH_WAIT_MILLIS) : deadline;
      const looked = await within({ deadline: end }, share(false));
      if (looked?.kind === 'credentials') return looked;
      if (!isGood) return looked ?? { kind: 'none', reason: say`their source did not answer in time`, isFinal: false };
      present.lookAgainAt = now + LOOK_AGAIN_AFTER_FAILURE_MILLIS;
      return found(present);
    },
    async renew(refused, deadline) {
      const before = current?.credentials;
      if (before !== undefined && !isKeyOf(refused, before)) return true;
      const looked = await within({ deadline }, share(true));
      return looked?.kind === 'credentials' && !isSame(looked.credentials, before);
    },
  };
}

function found({ credentials }: Current): FoundCredentials {
  return { kind: 'credentials', credentials };
}

/** @throws OwnError if the provider gave something else */
function readCredentials(provided: Partial<MlflowAwsCredentials> | undefined): MlflowAwsCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = provided ?? {};
  if (!isText(accessKeyId) || !isText(secretAccessKey)) {
    throw new OwnError(NO_CREDENTIALS_CODE, say`the provider gave no accessKeyId and secretAccessKey`);
  }
  if (
    ![accessKeyId, secretAccessKey, isText(sessionToken) ? sessionToken : 'none'].every((part) => OF_KEYS.test(part))
  ) {
    throw new OwnError(
      CREDENTIALS_MISSING_CODE,
      say`The AWS credentials contain a space, a line break or a character that keys never have: remove it.`,
    );
  }
  const isDate = expiration instanceof Date && !Number.isNaN(expiration.getTime());
  return {
    accessKeyId,
    secretAccessKey,
    ...(isText(sessionToken) ? { sessionToken } : {}),
    ...(isDate ? { expiration } : {}),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** When to look again. If the source gives nothing newer, each request would otherwise start a look-up. */
function nextLookUp({ expiration }: MlflowAwsCredentials, now: number): number {
  const soon = now + LOOK_AGAIN_MILLIS;
  if (expiration === undefined) return soon;
  const end = expiration.getTime();
  return end > now ? Math.max(end - REFRESH_BEFORE_END_MILLIS, Math.min(soon, end)) : soon;
}

function isKeyOf(used: UsedKey, { accessKeyId, sessionToken }: MlflowAwsCredentials): boolean {
  return used.accessKeyId === accessKeyId && used.sessionToken === sessionToken;
}

function isSame(one: MlflowAwsCredentials, other: MlflowAwsCredentials | undefined): boolean {
  return other !== undefined && isKeyOf(other, one) && one.secretAccessKey === other.secretAccessKey;
}
