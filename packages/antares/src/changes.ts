import { mkdir } from 'node:fs/promises';
import { OverlayFs, type Change as LayerChange, type ChangeKind } from '@scorpiofs/overlayfs';
import { PassthroughFs } from '@scorpiofs/passthroughfs';
import type { Base } from './base.js';
import { openBelow, type BelowWanted } from './below/open-below.js';
import { upperLayer, type UpperForm } from './upper-form.js';

export type { ChangeKind };

/** One difference of a view from what lies below its upper. */
export interface Change {
  readonly kind: ChangeKind;
  /** From the view's top, `/a/b`; bytes that are not UTF-8 are replaced, and `path_b64` has them. */
  readonly path: string;
  readonly path_b64?: string;
  readonly old_path?: string;
}

/** An upper as it lies on the host. */
export interface UpperDirectory {
  readonly upper: string;
  readonly work: string;
  readonly form: UpperForm;
}

/**
 * What a job changed, from its upper alone: the view is never walked, and need not be mounted. Whoever wrote the upper, this
 * program or the kernel, left on each file where it came from.
 */
export async function changesOf(
  { upper, work, form }: UpperDirectory,
  base: Base,
  below: BelowWanted,
): Promise<Change[]> {
  const { lowers, release } = await openBelow(base, below);
  try {
    await mkdir(work, { recursive: true, mode: 0o700 });
    const own = new PassthroughFs(upper);
    try {
      const overlay = new OverlayFs({ upper: upperLayer(own, work, form), lowers });
      try {
        return (await overlay.changes()).map(shown);
      } finally {
        overlay.destroy();
      }
    } finally {
      own.destroy();
    }
  } finally {
    release();
  }
}

/** As clients are told. */
export function shown({ kind, path, oldPath }: LayerChange): Change {
  const bytes = Buffer.from(`/${path}`, 'latin1');
  const text = bytes.toString();
  const exact = Buffer.from(text).equals(bytes);
  return {
    kind,
    path: text,
    ...(!exact && { path_b64: bytes.toString('base64') }),
    ...(oldPath !== undefined && { old_path: Buffer.from(`/${oldPath}`, 'latin1').toString() }),
  };
}
