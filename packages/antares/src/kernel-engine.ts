import { mkdir } from 'node:fs/promises';
import { readMountTable } from '@scorpiofs/fuse';
import { errno, errnoName, mountAsync, MS } from '@scorpiofs/posix';
import type { Layers, OverlayEngine, Replaced, UnmountResult } from './engine.js';
import { fuseError } from './error.js';
import { Lane } from './lane.js';
import { replaceMount } from './replace-mount.js';
import { SuperblockWatch } from './superblock-watch.js';
import { isMounted, takeOut, type Limited } from './take-out.js';
import type { UpperForm } from './upper-form.js';
import { within } from './within.js';

export interface KernelEngineOptions {
  /** Milliseconds that one mount or unmount may take. Default 30,000. */
  readonly limitMs?: number;
  /** Hears of each call that changes mounts before it is made. */
  readonly onCall?: ((what: string, path: string) => void) | undefined;
}

/**
 * A view is a kernel overlay over the private base mount. Mounting looks the base up, which this process serves: the calls run
 * on libuv's threads, two at a time, so that two of the four stay free for whoever answers (fuse-transport §5).
 */
export class KernelEngine implements OverlayEngine {
  readonly name = 'kernel';
  readonly #lane = new Lane(2);
  readonly #limitMs: number;
  readonly #onCall: KernelEngineOptions['onCall'];

  constructor(options: KernelEngineOptions = {}) {
    this.#limitMs = options.limitMs ?? 30_000;
    this.#onCall = options.onCall;
  }

  /** The kernel has one form. */
  formOf(): UpperForm {
    return 'kernel';
  }

  async mount(layers: Layers): Promise<void> {
    const { mountpoint, upper, form, base } = layers;
    if (base === undefined) throw new TypeError('the kernel engine needs a base that is mounted');
    if (form !== 'kernel')
      throw fuseError(
        `the upper ${upper} keeps deletions as .wh. files, which the kernel's overlay does not understand`,
        'Set antares_overlay_engine to userspace.',
      );
    // Another mount on the same upper must never be (§8); the caller keeps one view per upper, the table keeps us honest.
    if (await isMounted(mountpoint))
      throw fuseError(
        `${mountpoint} is already a mount point`,
        `Unmount it first: umount '${mountpoint}'`,
      );
    await this.#mountAt(mountpoint, { ...layers, base });
  }

  async #mountAt(mountpoint: string, layers: OverlayDirectories): Promise<void> {
    await Promise.all([
      mkdir(layers.upper, { recursive: true, mode: 0o755 }),
      mkdir(layers.work, { recursive: true, mode: 0o700 }),
    ]);
    const r = await this.#limited('mounting', mountpoint, () =>
      mountAsync({
        source: 'antares',
        target: Buffer.from(mountpoint),
        type: 'overlay',
        flags: MS.NOSUID | MS.NODEV,
        data: Buffer.from(overlayOptions(layers)),
      }),
    );
    if (r < 0) throw mountFailed(mountpoint, -r);
    if (!(await isMounted(mountpoint)))
      throw fuseError(`${mountpoint} is not in the mount table`, 'The kernel log may say more.');
  }

  async unmount(mountpoint: string, detach: boolean): Promise<UnmountResult> {
    return await takeOut(mountpoint, detach, this.#limited, this.#watch);
  }

  async replace(layers: Layers, force: boolean): Promise<Replaced | undefined> {
    const { mountpoint, base } = layers;
    const here = (await readMountTable()).filter((e) => e.mountpoint === mountpoint);
    // Somebody else's mount on top of it, or none at all.
    if (base === undefined || here.length !== 1 || here[0]?.source !== 'antares') return undefined;
    const mountAt = (place: string, upper: string, work: string) =>
      this.#mountAt(place, { ...layers, base, upper, work });
    const steps = { limited: this.#limited, watch: this.#watch, mountAt };
    return await replaceMount(layers, steps, force);
  }

  readonly #watch = (mountpoint: string): Promise<SuperblockWatch | undefined> =>
    this.#lane.run(() => SuperblockWatch.start(mountpoint));

  readonly #limited: Limited = async (what, mountpoint, call) =>
    await this.#lane.run(() => {
      this.#onCall?.(what, mountpoint);
      return within(this.#limitMs, call(), () =>
        fuseError(
          `${what} ${mountpoint} took longer than ${this.#limitMs} ms`,
          'See whether the server answers; the call ends by itself when it does.',
        ),
      );
    });
}

interface OverlayDirectories extends Pick<Layers, 'upper' | 'work' | 'cl'> {
  readonly base: string;
}

/** The option text of a mount: commas separate options, colons lower directories, a backslash takes that away. */
export function overlayOptions(layers: OverlayDirectories): string {
  const { upper, work, cl, base } = layers;
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

function nameOf(code: number): string {
  return errnoName(code) ?? `errno ${code}`;
}
