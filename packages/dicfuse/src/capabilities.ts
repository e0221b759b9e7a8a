import type { Source, SourceCapabilities } from '@scorpiofs/objects';

/** What the source can do, as far as it has told. Asked in the background, after it has answered something else. */
export class Capabilities {
  #known: SourceCapabilities | undefined;
  #asking = false;

  constructor(readonly source: Source) {}

  readonly now = (): SourceCapabilities | undefined => this.#known;

  learn(): void {
    if (this.#known !== undefined || this.#asking) return;
    this.#asking = true;
    this.source
      .capabilities()
      .then((known) => (this.#known = known))
      // Without them everything works, with more requests; asked again after the next answer.
      .catch(() => undefined)
      .finally(() => (this.#asking = false));
  }
}
