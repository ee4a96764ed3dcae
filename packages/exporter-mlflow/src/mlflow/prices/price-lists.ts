import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { isOver, type Limit, within } from '../../common/waiting.js';
import type { PublicFile } from '../../http/public-file.js';
import { type PriceList, parsePriceList } from './price-list.js';

interface PriceListsOptions {
  /** Address of the folder with the lists: `https:`, `http:` or `file:`. */
  uri: string;
  /** How long a list is good for. */
  ttlMillis: number;
  /** Reads one list until a time of `runningTime()`. Never rejects. */
  read: (address: URL, deadline: number) => Promise<PublicFile>;
  /** Called at most once, when a list cannot be read. */
  report: (message: ShownText) => void;
  /** The time of day, in milliseconds. */
  now?: () => number;
}

/** The list that every catalog has. Other providers may have none. */
const MAIN_LIST = 'bedrock';
const PAUSE_AFTER_FAILURE_MILLIS = 5 * 60_000;
const EMPTY: PriceList = new Map();

interface KeptList {
  prices: PriceList | undefined;
  /** Until when `prices` are good. */
  until: number;
  loading: Promise<void> | undefined;
}

/**
 * The price lists of MLflow's model catalog, each fetched when a span first needs it. After a failure, an older list stays
 * in use, and no list is fetched for five minutes.
 */
export class PriceLists {
  readonly #options: Required<PriceListsOptions>;
  readonly #lists = new Map<string, KeptList>();
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #isReported = false;

  constructor(options: PriceListsOptions) {
    this.#options = { now: () => Date.now(), ...options };
  }

  /** The list of a provider; undefined if there is none, or if it cannot be read until the limit. Never rejects. */
  async get(name: string, limit: Limit): Promise<PriceList | undefined> {
    const kept = this.#lists.get(name) ?? { prices: undefined, until: Number.NEGATIVE_INFINITY, loading: undefined };
    this.#lists.set(name, kept);
    const now = this.#options.now();
    if (kept.loading === undefined && now >= kept.until && now >= this.#pausedUntil && !isOver(limit)) {
      const loaded = (): void => {
        kept.loading = undefined;
      };
      // It rejects only if the application's logger throws.
      kept.loading = this.#load(name, kept, limit).then(loaded, loaded);
    }
    if (kept.loading !== undefined) await within(limit, kept.loading);
    return kept.prices;
  }

  async #load(name: string, kept: KeptList, { deadline }: Limit): Promise<void> {
    const { uri, now, ttlMillis, read } = this.#options;
    const address = addressOf(uri, name);
    const file: PublicFile =
      address === undefined
        ? { kind: 'failed', reason: say`not an https://, http:// or file:// address` }
        : await read(address, deadline);
    const isWithout = file.kind === 'absent' && name !== MAIN_LIST;
    const prices = isWithout ? EMPTY : file.kind === 'text' ? parsePriceList(file.text) : undefined;
    if (prices !== undefined) {
      kept.prices = prices;
      kept.until = now() + ttlMillis;
      return;
    }
    this.#pausedUntil = now() + PAUSE_AFTER_FAILURE_MILLIS;
    this.#report(address, file.kind === 'text' ? say`not a price list` : file.reason);
  }

  #report(address: URL | undefined, reason: ShownText): void {
    if (this.#isReported) return;
    this.#isReported = true;
    const shown = address && ownText(`${address.protocol}//${address.host}${address.pathname}`);
    const what = shown === undefined ? say`MLflow's price lists` : say`MLflow's price list ${shown}`;
    this.#options.report(
      say`${what} cannot be read (${reason}), so traces have no cost: allow this address, or set modelCatalogUri or MLFLOW_MODEL_CATALOG_URI to a copy, such as file:///opt/prices, or to an empty text for no cost.`,
    );
  }
}

function addressOf(uri: string, name: string): URL | undefined {
  const text = uri.trim().replace(/\/+$/, '');
  const address = URL.canParse(`${text}/${name}.json`) ? new URL(`${text}/${name}.json`) : undefined;
  return address !== undefined && /^(?:https?|file):$/.test(address.protocol) ? address : undefined;
}
