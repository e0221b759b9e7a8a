import type { ObjectStore } from '../git/object-store.js';

/**
 * One object's content at the reader's pace: while `write` is pending nothing more is read from git. Resolves to `cut` when
 * the reader went away or git failed in the middle, to `lost` when git failed before the first byte.
 */
export function streamBlob(
  store: ObjectStore,
  oid: string,
  write: (chunk: Buffer) => Promise<boolean>,
): Promise<'whole' | 'cut' | 'lost'> {
  return store.stream(
    (process) =>
      new Promise<'whole' | 'cut' | 'lost'>((resolve) => {
        let pending = Promise.resolve(true);
        let waiting = 0;
        let begun = false;
        const failed = (): void => resolve(begun ? 'cut' : 'lost');
        process.request([oid], () => ({
          start: () => undefined,
          data: (chunk) => {
            begun = true;
            waiting += 1;
            process.pause();
            pending = pending.then(async (open) => {
              const ok = open && (await write(chunk));
              waiting -= 1;
              if (!ok) resolve('cut');
              else if (waiting === 0) process.resume();
              return ok;
            });
          },
          end: () => void pending.then((ok) => resolve(ok ? 'whole' : 'cut')),
          missing: failed,
          fail: failed,
        }));
      }),
  );
}
