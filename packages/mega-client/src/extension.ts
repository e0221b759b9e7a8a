import type { RequestOptions } from '@scorpiofs/objects';
import { orAborted } from './or-aborted.js';
import {
  EXTENDED,
  PLAIN,
  scorpioCapabilities,
  type ScorpioCapabilities,
} from './scorpio-capabilities.js';
import type { Wire } from './wire.js';

/**
 * What is known about the server's extension. The first question of a kind is simply asked in the extension's form: a
 * plain server answers 404, and an extended one has answered, without a round trip for discovery.
 */
export class Extension {
  readonly #wire: Wire;
  #known: ScorpioCapabilities | undefined;
  #asking: Promise<ScorpioCapabilities> | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Whether the extension's form is worth trying: known to be there, or not known yet. */
  may(feature: 'treeLevels' | 'blobBatches'): boolean {
    return this.#known?.[feature] ?? true;
  }

  get maxBatch(): number {
    return (this.#known ?? EXTENDED).maxBatch;
  }

  /** A route answered: version 1 is there. */
  proved(): void {
    this.#known ??= EXTENDED;
  }

  /** A route is not there. Without trees it is a plain server; without the others, only those are asked singly. */
  disproved(feature: 'treeLevels' | 'blobBatches'): void {
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
