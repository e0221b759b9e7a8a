import { FsError, type Layer } from '@scorpiofs/fuse';

/** What changes a layer. */
const CHANGES: ReadonlySet<string> = new Set([
  'setattr',
  'mknod',
  'mkdir',
  'unlink',
  'unlinkQuick',
  'rmdir',
  'symlink',
  'rename',
  'link',
  'create',
  'write',
  'setxattr',
  'removexattr',
  'setFileAttributes',
  'fallocate',
  'copyFrom',
]);

/**
 * For tests: a layer whose process "dies" at the n-th change from now: that one and all later calls fail, so nothing can be
 * tidied up, as after kill -9.
 */
export class FailingLayer {
  readonly layer: Layer;
  changes = 0;
  dead = false;
  #dieAt = Infinity;

  constructor(real: Layer) {
    this.layer = new Proxy(real, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function' || typeof key !== 'string') return value;
        return (...args: unknown[]): unknown => {
          if (CHANGES.has(key) && ++this.changes >= this.#dieAt) this.dead = true;
          if (this.dead && key !== 'forget' && key !== 'release')
            throw FsError.of(5, 'the process was killed');
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  dieAt(change: number): void {
    this.changes = 0;
    this.#dieAt = change;
  }
}
