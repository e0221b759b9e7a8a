import type { Change } from '@scorpiofs/overlayfs';
import type { Owner } from './below/base-layer.js';
import type { UpperForm } from './upper-form.js';

/** What a view is made of. All host paths absolute. */
export interface Layers {
  readonly mountpoint: string;
  readonly upper: string;
  /** Scratch directory of the engine beside the upper, on the same file system. */
  readonly work: string;
  readonly form: UpperForm;
  /** Directory of the change list's layer, in the kernel's form. */
  readonly cl: string | undefined;
  /** The base's directory in the private mount. Undefined: it is not mounted. */
  readonly base: string | undefined;
  /** The same in the base itself. */
  readonly revision: string;
  readonly path: string;
  /** Whom the base and the change list are shown to belong to, and who may enter. Undefined: as they are; the daemon's user. */
  readonly owner: Owner | undefined;
}

export interface Process {
  readonly pid: number;
  readonly name: string;
}

export type UnmountResult =
  | {
      readonly gone: true;
      readonly detachedFrom: readonly Process[];
      /** The last process on the detached view has left it. Absent: nobody was inside, or only those processes are known. */
      readonly ended?: Promise<void>;
    }
  /** Only where `detach` was not allowed. */
  | { readonly gone: false; readonly inside: readonly Process[] };

export type Replaced =
  | (Extract<UnmountResult, { gone: true }> & {
      /** What the old view has used: to be removed when it has ended. */
      readonly leftOver: readonly string[];
    })
  | Extract<UnmountResult, { gone: false }>;

/** Who unites the layers of a job (D11). */
export interface OverlayEngine {
  readonly name: 'kernel' | 'userspace';
  /** How a new upper is to be written, with its work directory at `work`. @throws AntaresError */
  formOf(work: string): UpperForm;
  /** Resolves when the mount table has the view. @throws AntaresError */
  mount(layers: Layers): Promise<void>;
  /** Truth is the mount table. `detach`: a busy view is taken out of the tree. @throws AntaresError when it is still there */
  unmount(mountpoint: string, detach: boolean): Promise<UnmountResult>;
  /**
   * Puts other layers below the upper of a mounted view, under the programs inside. `free` resolves when nothing of the old ones is used any more. A failure
   * leaves the old ones. Absent: the view must be mounted anew.
   */
  swap?(layers: Layers): Promise<{ readonly free: Promise<void> }>;
  /**
   * Mounts a view anew in the place of a mounted one, on an upper of its own, so that its path always answers. Without `force` nobody may be inside. With it, whoever is stays on
   * the old view, which can no longer be written where nobody has a file open for writing. Undefined: it is not possible here, and nothing happened. A
   * failure leaves the old view.
   */
  replace?(layers: Layers, force: boolean): Promise<Replaced | undefined>;
  /** What a mounted view changed, where the engine knows better than a look at the upper. */
  changes?(mountpoint: string): Promise<readonly Change[] | undefined>;
  /** `listener` hears of views whose session ended by itself while they were mounted. */
  onLost?(listener: (mountpoint: string) => void): void;
  /** Ends what is left of detached views. */
  close?(): Promise<void>;
}
