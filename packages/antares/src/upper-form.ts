import type { OverlayLayer } from '@scorpiofs/overlayfs';
import { probeHostMarks, type PassthroughFs } from '@scorpiofs/passthroughfs';
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
  const found = probeHostMarks(directory);
  if (found.marks !== 'none') return found.marks;
  throw fuseError(
    `nothing can be written in ${directory}: ${found.reason}`,
    'antares_upper_root must be on a file system with room, mounted for writing.',
  );
}
