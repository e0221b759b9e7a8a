import { mount, type MountOptions, type Mounted } from '@scorpiofs/fuse';
import type { Change } from '@scorpiofs/overlayfs';
import { PassthroughFs } from '@scorpiofs/passthroughfs';
import type { Base } from '../base.js';
import { openBelow } from '../below/open-below.js';
import type { Layers } from '../engine.js';
import { upperLayer } from '../upper-form.js';
import { Lower } from './lower.js';
import { SwitchLayer } from './switch-layer.js';
import { switchTo } from './switch-to.js';
import { ViewFs } from './view-fs.js';

/** One job's overlay in this process, and its mount. */
export class View {
  readonly mounted: Mounted;
  /** Resolves when the mount has ended and everything is given back. */
  readonly closed: Promise<void>;
  readonly #overlay: ViewFs;
  readonly #below: SwitchLayer;

  /** @throws FuseMountError or AntaresError; then nothing is held */
  static async open(base: Base, layers: Layers, options: MountOptions): Promise<View> {
    const undo: (() => void)[] = [];
    try {
      const lower = new Lower(await openBelow(base, layers));
      const below = new SwitchLayer(lower);
      undo.push(() => below.current.release());
      const upper = new PassthroughFs(layers.upper, { exclusive: true });
      undo.push(() => upper.destroy());
      const overlay = new ViewFs(upperLayer(upper, layers.work, layers.form), below);
      // Also where the mount that would have ended it never was: the upper is its own until then.
      undo.push(() => overlay.destroy());
      const mounted = await mount(overlay, layers.mountpoint, options);
      return new View(mounted, overlay, below, undo);
    } catch (error) {
      for (const one of undo.toReversed()) one();
      throw error;
    }
  }

  private constructor(
    mounted: Mounted,
    overlay: ViewFs,
    below: SwitchLayer,
    undo: readonly (() => void)[],
  ) {
    this.mounted = mounted;
    this.#overlay = overlay;
    this.#below = below;
    this.closed = mounted.closed.then(() => {
      for (const one of undo.toReversed()) one();
    });
  }

  async changes(): Promise<readonly Change[]> {
    return await this.#overlay.changes();
  }

  /** Resolves when no program can see the old layers by a name any more. */
  async swap(base: Base, layers: Layers): Promise<{ readonly free: Promise<void> }> {
    const next = new Lower(await openBelow(base, layers));
    const old = this.#below.current;
    try {
      await switchTo(this.#below, next);
    } catch (error) {
      next.release();
      throw error;
    }
    this.#overlay.changing();
    await this.#overlay.told();
    return { free: Promise.race([old.free, this.closed]) };
  }
}
