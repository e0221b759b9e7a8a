import { join } from 'node:path';
import type { OverlayLayer } from '@scorpiofs/overlayfs';
import type { PassthroughFs } from '@scorpiofs/passthroughfs';
import { AT_FDCWD, errnoName, lsetxattr, mknodat, S, unlinkat } from '@scorpiofs/posix';
import { fuseError } from './error.js';

/** How deletions and marks are kept in an upper: as the kernel's overlay does, or as `.wh.` files and `user.*` attributes (D5). */
export type UpperForm = 'kernel' | 'oci';

/** An upper as a layer, with its work directory beside it. */
export function upperLayer(own: PassthroughFs, work: string, form: UpperForm): OverlayLayer {
  const xattrPrefix = form === 'kernel' ? 'trusted.overlay.' : 'user.overlay.';
  return { layer: own, work: own.attach(work), form, xattrPrefix };
}

/** What this process may write in that directory. @throws AntaresError where it may write nothing */
export function probeUpperForm(directory: string): UpperForm {
  const trial = Buffer.from(join(directory, `#form-${process.pid}`));
  const made = mknodat(AT_FDCWD, trial, S.IFCHR, 0);
  if (made < 0) {
    const why = errnoName(made) ?? '';
    if (!['EROFS', 'EACCES', 'ENOSPC'].includes(why)) return 'oci';
    throw fuseError(
      `nothing can be written in ${directory}: ${why}`,
      'antares_upper_root must be on a file system with room, mounted for writing.',
    );
  }
  const marked = lsetxattr(trial, Buffer.from('trusted.overlay.opaque'), Buffer.from('y'), 0);
  unlinkat(AT_FDCWD, trial, 0);
  return marked < 0 ? 'oci' : 'kernel';
}
