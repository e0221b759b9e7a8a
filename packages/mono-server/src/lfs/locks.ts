import { randomUUID } from 'node:crypto';
import { z } from 'zod';

export const lockSchema = z.object({
  path: z.string(),
  ref: z.object({ name: z.string() }).nullish(),
});

export interface Lock {
  readonly id: string;
  readonly path: string;
  readonly locked_at: string;
  readonly owner: { readonly name: string };
}

/** File locks, by ref (§3.4). Kept as long as the server runs. */
export class LfsLocks {
  readonly #locks = new Map<string, { readonly ref: string; readonly lock: Lock }>();

  list(ref: string): Lock[] {
    return [...this.#locks.values()].filter((one) => one.ref === ref).map((one) => one.lock);
  }

  /** The lock made, or the one that is in the way. */
  add(ref: string, path: string): { readonly made: boolean; readonly lock: Lock } {
    const present = this.list(ref).find((lock) => lock.path === path);
    if (present !== undefined) return { made: false, lock: present };
    const lock = {
      id: randomUUID(),
      path,
      locked_at: new Date().toISOString(),
      owner: { name: 'Anonymous' },
    };
    this.#locks.set(lock.id, { ref, lock });
    return { made: true, lock };
  }

  remove(id: string): Lock | undefined {
    const found = this.#locks.get(id);
    this.#locks.delete(id);
    return found?.lock;
  }
}
