import type { RequestOptions } from '@scorpiofs/objects';
import { broken } from './failures.js';
import { orAborted } from './or-aborted.js';
import {
  EXTENDED,
  PLAIN,
  scorpioCapabilities,
  type ScorpioCapabilities,
} from './scorpio-capabilities.js';
import type { Wire } from './wire.js';

type Feature = 'treeLevels' | 'blobBatches';

/**
 * What is known about the server's extension. The first question of a kind is simply asked in the extension's form: a
 * plain server answers 404, and an extended one has answered, without a round trip for discovery.
 */
export class Extension {
  readonly #wire: Wire;
  readonly #proved = new Set<Feature>();
  #known: ScorpioCapabilities | undefined;
  #asking: Promise<ScorpioCapabilities> | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Whether the extension's form is worth trying: known to be there, or not known yet. */
  may(feature: Feature): boolean {
    return this.#known?.[feature] ?? true;
  }

  get maxBatch(): number {
    return (this.#known ?? EXTENDED).maxBatch;
  }

  /** The feature's route answered: version 1 is there. */
  proved(feature: Feature): void {
    this.#known ??= EXTENDED;
    this.#proved.add(feature);
  }

  /**
   * The feature's route is not there: without trees it is a plain server; without the others, only those are asked singly.
   * Throws where it was there before: then something stands between, a proxy without its server, and nothing it says counts (D6).
   */
  disproved(feature: Feature): void {
    if (this.#proved.has(feature)) throw broken('the server', 'its extension is gone for now');
    if (feature === 'treeLevels') this.#known = PLAIN;
    else this.#known = { ...(this.#known ?? EXTENDED), blobBatches: false };
  }

  async capabilities(options: RequestOptions): Promise<ScorpioCapabilities> {
    if (this.#known) return this.#known;
    // One request for all who ask meanwhile; the one that asked first may go away, so its signal is not the request's.
    this.#asking ??= scorpioCapabilities(this.#wire, {}).finally(() => {
      this.#asking = undefined;
    });
    const found = await orAborted(this.#asking, options.signal);
    this.#known ??= found;
    return this.#known;
  }
}
