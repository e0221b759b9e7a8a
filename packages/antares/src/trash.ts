import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

const NAME = '.trash';

/**
 * What goes is renamed aside at once and removed in the background (D14). A crash in between leaves the rest to the next start.
 */
export class Trash {
  readonly #removing = new Set<Promise<void>>();

  constructor(readonly onProblem: (error: unknown) => void) {}

  /** Takes `directory` away, to below `root`; what is not there is fine. Its content is removed after `when`. */
  async take(
    directory: string,
    when: Promise<unknown> = Promise.resolve(),
    root = dirname(directory),
  ): Promise<void> {
    const place = join(root, NAME);
    await mkdir(place, { recursive: true, mode: 0o700 });
    const aside = join(place, `${basename(directory)}.${randomUUID()}`);
    try {
      await rename(directory, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    this.#remove(aside, when);
  }

  /** What an earlier process could not finish below this root. */
  async empty(root: string): Promise<void> {
    const place = join(root, NAME);
    for (const name of await readdir(place).catch(() => []))
      this.#remove(join(place, name), Promise.resolve());
  }

  /** When all that can be removed now is gone. */
  async idle(): Promise<void> {
    await Promise.all(this.#removing);
  }

  #remove(aside: string, when: Promise<unknown>): void {
    const work = when
      .then(() => rm(aside, { recursive: true, force: true }))
      .catch(this.onProblem)
      .finally(() => this.#removing.delete(work));
    this.#removing.add(work);
  }
}
