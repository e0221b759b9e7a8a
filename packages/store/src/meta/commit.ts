import type { RootDatabase } from 'lmdb';

type Root = RootDatabase<Buffer, Buffer>;

/** Runs `action` in a write transaction of its own: reads in it see the newest state, whoever wrote it. */
export function transact<T>(root: Root, action: () => T): Promise<T> {
  return withCause(root.transaction(action));
}

/** Writes what `action` puts, all in one transaction, off the event loop. */
export async function commit(root: Root, action: () => void): Promise<void> {
  await withCause(root.batch(action));
}

/**
 * The binding rejects with "see commitError", a promise that rejects with the reason; nobody looking at that would
 * be an unhandled rejection, and end the daemon.
 */
async function withCause<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'commitError' in error)
      await error.commitError;
    throw error;
  }
}

/** Longer than any disk takes that is worth waiting for, milliseconds. */
const PATIENCE = 5_000;

/** When what was committed has reached the disk. */
export async function synced(root: Root): Promise<void> {
  await within(PATIENCE, Promise.resolve(root.flushed));
}

/**
 * After a commit that failed the binding waits for ever for that one to reach the disk, until there was another one. An empty one
 * needs no room and does.
 */
export async function closeRoot(root: Root): Promise<void> {
  await transact(root, () => undefined).catch(() => {});
  await within(PATIENCE, root.close());
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work, enough]);
  clearTimeout(timer);
}
