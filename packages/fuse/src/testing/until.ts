/** For what hangs: no machine that works is so slow. */
const HANGS_MS = 240_000;

/**
 * Resolves once something holds, asked again and again; rejects when it never does.
 *
 * @example
 * await until('the mount is gone', async () => !(await readMountTable()).some(isOurs));
 */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + HANGS_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
