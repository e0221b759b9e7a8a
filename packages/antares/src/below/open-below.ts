import type { OverlayLayer } from '@scorpiofs/overlayfs';
import { PassthroughFs } from '@scorpiofs/passthroughfs';
import type { Base } from '../base.js';
import { baseLayer, type Owner } from './base-layer.js';

/** What lies below a job's upper, in this process. */
export interface BelowLayers {
  /** Topmost first: the change list, if there is one, and the base. */
  readonly lowers: readonly [OverlayLayer, ...OverlayLayer[]];
  readonly release: () => void;
}

export interface BelowWanted {
  readonly revision: string;
  /** The view's directory in the monorepo. */
  readonly path: string;
  readonly cl: string | undefined;
  readonly owner?: Owner | undefined;
}

/** The revision must be held for as long as the layers are used. */
export async function openBelow(base: Base, wanted: BelowWanted): Promise<BelowLayers> {
  const { revision, path, cl, owner } = wanted;
  const root = await base.nodeOf(revision, path);
  const lowest: OverlayLayer = {
    layer: baseLayer(base.fileSystem, owner),
    root: root.node,
    form: 'none',
  };
  if (cl === undefined) return { lowers: [lowest], release: root.release };
  let changes: PassthroughFs;
  try {
    changes = new PassthroughFs(cl, {
      readOnly: true,
      exclusive: true,
      ...(owner !== undefined && { squashUid: owner.uid, squashGid: owner.gid }),
    });
  } catch (error) {
    root.release();
    throw error;
  }
  return {
    lowers: [{ layer: changes, form: 'kernel' }, lowest],
    release: () => {
      changes.destroy();
      root.release();
    },
  };
}
