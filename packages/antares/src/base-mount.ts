import { chmod, mkdir } from 'node:fs/promises';
import { PathToucher, RevisionBase, type RevisionBaseOptions } from '@scorpiofs/dicfuse';
import { mount, type MountOptions, type Mounted } from '@scorpiofs/fuse';
import { OwnerMounts } from './below/owner-mounts.js';

/** The private, read-only mount that kernel overlays have as their lowest layer. */
export class BaseMount {
  static async open(
    directory: string,
    options: Omit<RevisionBaseOptions, 'namespace' | 'reconnect'>,
    mountOptions: MountOptions | undefined,
    idmap: boolean,
  ): Promise<BaseMount> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // Node's mode is cut by the umask and ignored where the directory was there.
    await chmod(directory, 0o700);
    const toucher = new PathToucher();
    const revisions = new RevisionBase({
      ...options,
      namespace: namespaceOf(directory),
      allowIdmap: true,
      reconnect: (path) => toucher.touch(`${directory}${path}`),
    });
    try {
      const mounted = await mount(revisions.fileSystem, directory, {
        ...mountOptions,
        readOnly: true,
        transport: 'kernel',
      });
      const owners = new OwnerMounts({
        base: mounted.mountpoint,
        fileSystem: revisions.fileSystem,
        owner: {
          uid: options.uid ?? process.getuid?.() ?? 0,
          gid: options.gid ?? process.getgid?.() ?? 0,
        },
        mountOptions,
        idmap,
      });
      return new BaseMount(revisions, toucher, mounted, owners);
    } catch (error) {
      await revisions.close();
      await toucher.close();
      throw error;
    }
  }

  private constructor(
    readonly revisions: RevisionBase,
    readonly toucher: PathToucher,
    readonly mounted: Mounted,
    readonly owners: OwnerMounts,
  ) {}

  get directory(): string {
    return this.mounted.mountpoint;
  }

  async unmount(): Promise<void> {
    await this.owners.close();
    await this.mounted.unmount({ busyMs: 1000 });
  }

  async close(): Promise<void> {
    await this.toucher.close();
  }
}

/** Of the node numbers: what an upper notes of the base is understood by both engines. */
export function namespaceOf(directory: string): string {
  return `antares ${directory}`;
}
