import { close, IN, inotifyAddWatchAsync, inotifyInit, maskOfEvents, read } from '@scorpiofs/posix';

/** How often it is looked whether the kernel has told. */
const LOOK_MS = 500;

/**
 * Tells when a mounted file system has really ended: a view that was taken out of the tree lives on as long as any process is inside, also one that a process
 * there starts later. Only then may its upper be used again or removed (fuse-transport §8). The kernel tells it by an inotify event; the watch itself
 * keeps nothing alive.
 */
export class SuperblockWatch {
  readonly #fd: number;

  /** Before the unmount, while the path still leads there. Undefined where the kernel cannot tell. */
  static async start(mountpoint: string): Promise<SuperblockWatch | undefined> {
    const fd = inotifyInit();
    if (fd < 0) return undefined;
    if ((await inotifyAddWatchAsync(fd, Buffer.from(mountpoint), IN.UNMOUNT | IN.ONLYDIR)) > 0)
      return new SuperblockWatch(fd);
    close(fd);
    return undefined;
  }

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Resolves when the file system has ended. The watch is over then. */
  async ended(): Promise<void> {
    const buffer = Buffer.alloc(4096);
    for (;;) {
      const length = read(this.#fd, buffer);
      const mask = length > 0 ? maskOfEvents(buffer.subarray(0, length)) : 0;
      if ((mask & (IN.UNMOUNT | IN.IGNORED)) !== 0) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS).unref());
    }
    close(this.#fd);
  }
}
