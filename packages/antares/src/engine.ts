/** What a view is made of. All host paths absolute. */
export interface Layers {
  readonly mountpoint: string;
  readonly upper: string;
  /** Scratch directory of the engine beside the upper, on the same file system. */
  readonly work: string;
  /** Directory of the change list's layer, in the kernel's form. */
  readonly cl: string | undefined;
  /** Directory of the base: in the private mount. */
  readonly base: string;
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

/** Who unites the layers of a job (D11). */
export interface OverlayEngine {
  readonly name: 'kernel' | 'userspace';
  /** Resolves when the mount table has the view. @throws AntaresError */
  mount(layers: Layers): Promise<void>;
  /** Truth is the mount table. `detach`: a busy view is taken out of the tree. @throws AntaresError when it is still there */
  unmount(mountpoint: string, detach: boolean): Promise<UnmountResult>;
}
