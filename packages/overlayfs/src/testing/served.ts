import type { FileSystem } from '@scorpiofs/fuse';

import type { MarkForm } from '../layers.js';
import { OverlayFs } from '../overlay-fs.js';
import type { OverlayOptions } from '../state.js';
import { diskOverlay, memoryUpper, type Folders } from './layers.js';

/** For tests, whose child processes want a function and arguments that are JSON. */
export function createDiskOverlay(
  folders: Folders,
  form: MarkForm = 'kernel',
  data: OverlayOptions['data'] = 'by-node',
  passthroughMinSize?: number,
): FileSystem {
  const host = passthroughMinSize === undefined ? {} : { passthroughMinSize };
  return diskOverlay(folders, { form, data, host }).overlay;
}

export function createMemoryOverlay(): FileSystem {
  return new OverlayFs({ upper: memoryUpper(), lowers: [] });
}
