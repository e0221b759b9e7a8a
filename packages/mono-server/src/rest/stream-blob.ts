import type { ObjectStore } from '../git/object-store.js';

/**
 * One object's content at the reader's pace: while `write` is pending nothing more is read from git. Resolves to false when
 * the reader went away, or git failed in the middle.
 */
export function streamBlob(
  store: ObjectStore,
  oid: string,
  write: (chunk: Buffer) => Promise<boolean>,
): Promise<boolean> {
  return store.stream(
    (process) =>
      new Promise<boolean>((resolve) => {
        let pending = Promise.resolve(true);
        let waiting = 0;
        process.request([oid], () => ({
          start: () => undefined,
          data: (chunk) => {
            waiting += 1;
            process.pause();
            pending = pending.then(async (open) => {
              const ok = open && (await write(chunk));
              waiting -= 1;
              if (!ok) resolve(false);
              else if (waiting === 0) process.resume();
              return ok;
            });
          },
          end: () => void pending.then(resolve),
          missing: () => resolve(false),
          fail: () => resolve(false),
        }));
      }),
  );
}
