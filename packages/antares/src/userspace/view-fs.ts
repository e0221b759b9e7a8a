import type { Notifier, SessionInfo } from '@scorpiofs/fuse';
import { OverlayFs } from '@scorpiofs/overlayfs';

/** An overlay that knows when the kernel has heard what it must no longer believe. */
export class ViewFs extends OverlayFs {
  #notify: Notifier | undefined;

  override init(info: SessionInfo): void {
    this.#notify = info.notify;
    super.init(info);
  }

  /** Not to be awaited inside a request. */
  async told(): Promise<void> {
    await this.#notify?.settled();
  }
}
