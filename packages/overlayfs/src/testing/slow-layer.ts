import type { Layer } from '@scorpiofs/fuse';

const AT_ONCE: ReadonlySet<string> = new Set([
  'forget',
  'init',
  'originOf',
  'inoOfOrigin',
  'claim',
  'hostFd',
  'closeHostFd',
  'onChange',
]);

/** For tests: a layer all of whose answers are promises, as those of a server are. */
export function slowLayer(real: Layer): Layer {
  return new Proxy(real, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function' || typeof key !== 'string') return value;
      if (AT_ONCE.has(key))
        return (...args: unknown[]): unknown => Reflect.apply(value, target, args);
      return async (...args: unknown[]): Promise<unknown> => {
        await Promise.resolve();
        return Reflect.apply(value, target, args);
      };
    },
  });
}
