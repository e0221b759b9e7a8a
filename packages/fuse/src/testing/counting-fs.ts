import type { FileSystem } from '../filesystem.js';

/** How often each method was called. */
export type Calls = Map<string, number>;

/**
 * The same file system, with every call counted by the method's name. What it does not implement stays absent. Costs are
 * asserted by counting: a warm walk calls nothing.
 *
 * @example
 * const { fs, calls } = countingFs(new MemoryFs());
 */
export function countingFs<T extends FileSystem>(fs: T): { readonly fs: T; readonly calls: Calls } {
  const calls: Calls = new Map();
  const counted = new Proxy(fs, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      return (...args: unknown[]): unknown => {
        calls.set(key, (calls.get(key) ?? 0) + 1);
        return Reflect.apply(value, target, args);
      };
    },
  });
  return { fs: counted, calls };
}
