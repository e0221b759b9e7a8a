import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MountOptions } from '@scorpiofs/fuse';
import type { Change } from '@scorpiofs/overlayfs';
import type { Base } from '../base.js';
import type { Layers, OverlayEngine, UnmountResult } from '../engine.js';
import { fuseError, messageOf } from '../error.js';
import { isMounted, takeOut, type Limited } from '../take-out.js';
import { probeUpperForm, type UpperForm } from '../upper-form.js';
import { within } from '../within.js';
import { View } from './view.js';

export interface UserspaceEngineOptions {
  readonly base: Base;
  readonly mountOptions?: MountOptions | undefined;
  /** Milliseconds that one mount or unmount may take. Default 30,000. */
  readonly limitMs?: number;
}

/**
 * A view is this program's own overlay, served by this process: works without root, and its lower layers can change under running programs. It must
 * never touch its mounts.
 */
export class UserspaceEngine implements OverlayEngine {
  readonly name = 'userspace';
  readonly #options: UserspaceEngineOptions;
  /** By mount point; also those that were taken out of the tree with programs inside. */
  readonly #views = new Map<string, View>();
  readonly #detached = new Set<View>();
  #tellLost: (mountpoint: string) => void = () => undefined;

  constructor(options: UserspaceEngineOptions) {
    this.#options = options;
  }

  formOf(work: string): UpperForm {
    return probeUpperForm(work);
  }

  async mount(layers: Layers): Promise<void> {
    const { mountpoint, upper, work, owner } = layers;
    await Promise.all([
      mkdir(upper, { recursive: true, mode: 0o755 }),
      mkdir(work, { recursive: true, mode: 0o700 }),
    ]);
    if (layers.form === 'kernel' && probeUpperForm(work) !== 'kernel')
      throw fuseError(
        `the upper ${upper} was written by root, with marks that this user may not read`,
        'Run the daemon as root.',
      );
    // Somebody took its mount away, and programs are still inside: an upper has one overlay.
    await this.#endOld(mountpoint);
    const { base, mountOptions } = this.#options;
    let view: View;
    try {
      view = await View.open(base, layers, {
        fsName: 'antares',
        ...mountOptions,
        ...(owner !== undefined && { allowOther: true }),
      });
    } catch (error) {
      const hint =
        error instanceof Error && 'hint' in error
          ? String(error.hint)
          : 'See the log of the daemon.';
      throw fuseError(
        `mounting the view at ${mountpoint} failed: ${messageOf(error)}`,
        hint,
        error,
      );
    }
    this.#views.set(mountpoint, view);
    void view.closed.then(() => this.#ended(mountpoint, view));
  }

  async unmount(mountpoint: string, detach: boolean): Promise<UnmountResult> {
    const view = this.#views.get(mountpoint);
    if (view === undefined) return await this.#takeOut(mountpoint, detach);
    const result =
      process.geteuid?.() === 0
        ? await this.#takeOut(mountpoint, detach)
        : await this.#byHelper(view, detach);
    if (!result.gone) return result;
    this.#views.delete(mountpoint);
    // The kernel ends the session with its last user; one that nobody can see from here counts as well.
    if (result.detachedFrom.length === 0 && (await closes(view))) return result;
    this.#detached.add(view);
    return { ...result, ended: view.closed };
  }

  async swap(layers: Layers): Promise<{ readonly free: Promise<void> }> {
    const view = this.#views.get(layers.mountpoint);
    if (view === undefined)
      throw fuseError(`${layers.mountpoint} is not mounted`, 'Create the mount again.');
    return await view.swap(this.#options.base, layers);
  }

  onLost(listener: (mountpoint: string) => void): void {
    this.#tellLost = listener;
  }

  async changes(mountpoint: string): Promise<readonly Change[] | undefined> {
    return await this.#views.get(mountpoint)?.changes();
  }

  /** Programs inside detached views lose them. */
  async close(): Promise<void> {
    const left = [...this.#views.values(), ...this.#detached];
    await Promise.allSettled(left.map((view) => view.mounted.unmount({ busyMs: 0 })));
    await Promise.allSettled(left.map((view) => view.closed));
  }

  async #endOld(mountpoint: string): Promise<void> {
    const view = this.#views.get(mountpoint);
    if (view === undefined || (await isMounted(mountpoint))) return;
    await view.mounted.unmount({ busyMs: 0 });
    await view.closed;
  }

  /** A session that ended by itself leaves a dead mount, which must not lie in anybody's way. */
  async #ended(mountpoint: string, view: View): Promise<void> {
    this.#detached.delete(view);
    if (this.#views.get(mountpoint) !== view) return;
    this.#views.delete(mountpoint);
    // Not there any more: somebody unmounted it.
    if (await isMounted(mountpoint)) this.#tellLost(mountpoint);
    await this.#takeOut(mountpoint, true).catch(() => undefined);
  }

  /** Without root, `fusermount` does it; programs inside have the view for two more seconds. */
  async #byHelper({ mounted }: View, detach: boolean): Promise<UnmountResult> {
    try {
      await mounted.unmount({ busy: detach ? 'detach' : 'fail' });
      return { gone: true, detachedFrom: [] };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'FUSE_BUSY')
        return { gone: false, inside: [] };
      throw error;
    }
  }

  async #takeOut(mountpoint: string, detach: boolean): Promise<UnmountResult> {
    const ms = this.#options.limitMs ?? 30_000;
    const limited: Limited = (what, at, call) =>
      within(ms, call(), () =>
        fuseError(`${what} ${at} took longer than ${ms} ms`, 'Repeat the request.'),
      );
    // The session itself tells its end.
    return await takeOut(mountpoint, detach, limited, () => Promise.resolve(undefined));
  }
}

/** Milliseconds that a session may outlive its mount before somebody must be inside. */
const LINGER_MS = 1000;

async function closes(view: View): Promise<boolean> {
  const late = Symbol('late');
  const first = await Promise.race([view.closed, sleep(LINGER_MS, late, { ref: false })]);
  return first !== late;
}
