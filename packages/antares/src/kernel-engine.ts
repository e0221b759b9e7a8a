import { mkdir } from 'node:fs/promises';
import { readMountTable } from '@scorpiofs/fuse';
import { errno, errnoName, MNT, mountAsync, MS, umount2Async } from '@scorpiofs/posix';
import type { Layers, OverlayEngine, Process, UnmountResult } from './engine.js';
import { fuseError } from './error.js';
import { Lane } from './lane.js';
import { processesInside } from './processes-inside.js';
import { SuperblockWatch } from './superblock-watch.js';
import { within } from './within.js';

export interface KernelEngineOptions {
  /** Milliseconds that one mount or unmount may take. Default 30,000. */
  readonly limitMs?: number;
}

/**
 * A view is a kernel overlay over the private base mount. Mounting looks the base up, which this process serves: the calls run
 * on libuv's threads, two at a time, so that two of the four stay free for whoever answers (fuse-transport §5).
 */
export class KernelEngine implements OverlayEngine {
  readonly name = 'kernel';
  readonly #lane = new Lane(2);
  readonly #limitMs: number;

  constructor(options: KernelEngineOptions = {}) {
    this.#limitMs = options.limitMs ?? 30_000;
  }

  async mount(layers: Layers): Promise<void> {
    const { mountpoint, upper, work } = layers;
    // Another mount on the same upper must never be (§8); the caller keeps one view per upper, the table keeps us honest.
    const table = await readMountTable();
    if (table.some((e) => e.mountpoint === mountpoint))
      throw fuseError(
        `${mountpoint} is already a mount point`,
        `Unmount it first: umount '${mountpoint}'`,
      );
    await Promise.all([
      mkdir(upper, { recursive: true, mode: 0o755 }),
      mkdir(work, { recursive: true, mode: 0o700 }),
    ]);
    const r = await this.#limited('mounting', mountpoint, () =>
      mountAsync({
        source: 'antares',
        target: mountpoint,
        type: 'overlay',
        flags: MS.NOSUID | MS.NODEV,
        data: overlayOptions(layers),
      }),
    );
    if (r < 0) throw mountFailed(mountpoint, -r);
    if (!(await isMounted(mountpoint)))
      throw fuseError(`${mountpoint} is not in the mount table`, 'The kernel log may say more.');
  }

  async unmount(mountpoint: string, detach: boolean): Promise<UnmountResult> {
    let detachedFrom: readonly Process[] = [];
    const ends: Promise<void>[] = [];
    // Whoever mounted over it is unmounted with it: what was asked for is that nothing is there.
    while (await isMounted(mountpoint)) {
      const target = Buffer.from(mountpoint);
      const r = await this.#limited('unmounting', mountpoint, () =>
        umount2Async(target, MNT.NOFOLLOW),
      );
      if (r === 0) continue;
      if (r === -errno.EINVAL && !(await isMounted(mountpoint))) break;
      if (r !== -errno.EBUSY) throw unmountFailed(mountpoint, -r);
      const found = await processesInside(mountpoint);
      if (!detach) return { gone: false, inside: found };
      detachedFrom = [...detachedFrom, ...found];
      const watch = await this.#lane.run(() => SuperblockWatch.start(mountpoint));
      if (watch !== undefined) ends.push(watch.ended());
      const d = await this.#limited('detaching', mountpoint, () =>
        umount2Async(target, MNT.DETACH | MNT.NOFOLLOW),
      );
      if (d < 0 && (await isMounted(mountpoint))) throw unmountFailed(mountpoint, -d);
    }
    const ended = ends.length === 0 ? {} : { ended: Promise.all(ends).then(() => undefined) };
    return { gone: true, detachedFrom, ...ended };
  }

  async #limited(what: string, mountpoint: string, call: () => Promise<number>): Promise<number> {
    return await this.#lane.run(() =>
      within(this.#limitMs, call(), () =>
        fuseError(
          `${what} ${mountpoint} took longer than ${this.#limitMs} ms`,
          'See whether the server answers; the call ends by itself when it does.',
        ),
      ),
    );
  }
}

export async function isMounted(mountpoint: string): Promise<boolean> {
  return (await readMountTable()).some((e) => e.mountpoint === mountpoint);
}

/** The option text of a mount: commas separate options, colons lower directories, a backslash takes that away. */
export function overlayOptions({ upper, work, cl, base }: Layers): string {
  const plain = (path: string) => path.replace(/[\\,]/g, '\\$&');
  const lower = (path: string) => path.replace(/[\\,:]/g, '\\$&');
  const lowers = (cl === undefined ? [base] : [cl, base]).map(lower).join(':');
  return `lowerdir=${lowers},upperdir=${plain(upper)},workdir=${plain(work)},redirect_dir=on,xino=on,index=off`;
}

function mountFailed(mountpoint: string, code: number): Error {
  const hint =
    code === errno.EPERM
      ? 'The kernel engine needs root (CAP_SYS_ADMIN).'
      : 'The kernel log (`dmesg`) says why; the upper must be on a local file system such as ext4, xfs or tmpfs.';
  return fuseError(`mounting the view at ${mountpoint} failed: ${nameOf(code)}`, hint);
}

function unmountFailed(mountpoint: string, code: number): Error {
  return fuseError(
    `unmount failed: ${mountpoint}: ${nameOf(code)}`,
    `Try: umount -l '${mountpoint}'`,
  );
}

function nameOf(code: number): string {
  return errnoName(code) ?? `errno ${code}`;
}
