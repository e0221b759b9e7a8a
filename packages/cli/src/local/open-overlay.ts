import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { OverlayFs, type OverlayLayer, type OverlayOptions } from '@scorpiofs/overlayfs';
import { PassthroughFs, type PassthroughOptions } from '@scorpiofs/passthroughfs';
import { flock, LOCK } from '@scorpiofs/posix';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';
import type { Served } from './serve-local.js';
import { checkDirectories, type LayerDirectories } from './layer-directories.js';
import { probeUpperForm } from './upper-form.js';

export interface OpenOverlay extends Served {
  readonly fileSystem: OverlayFs;
}

/**
 * An overlay of host directories. The upper is locked for as long as it is open: two live overlays on one upper would undo each
 * other's work (decision D11).
 */
export function openOverlay(
  directories: LayerDirectories,
  options: PassthroughOptions,
  data?: OverlayOptions['data'],
): OpenOverlay {
  const { lowers, upper, work } = directories;
  if (work !== undefined) mkdirSync(work, { recursive: true, mode: 0o700 });
  checkDirectories(directories);
  const layers = lowers.map((path): OverlayLayer => ({
    layer: new PassthroughFs(path, { ...options, readOnly: true, exclusive: true }),
  }));
  const mode = data === undefined ? {} : { data };
  if (upper === undefined || work === undefined) {
    const fileSystem = new OverlayFs({ lowers: layers, ...mode });
    return { fileSystem, [Symbol.dispose]: () => endLayers(layers) };
  }
  const lock = lockWork(upper, work);
  try {
    const { form, xattrPrefix, reason } = probeUpperForm(work);
    const own = new PassthroughFs(upper, { ...options, exclusive: true });
    const top = { layer: own, work: own.attach(work), form, xattrPrefix };
    const fileSystem = new OverlayFs({ upper: top, lowers: layers, ...mode });
    return {
      fileSystem,
      note:
        reason &&
        `${reason}: deletions are kept as .wh. files in ${upper}, which the kernel's overlay does not understand`,
      [Symbol.dispose]: () => {
        endLayers([...layers, top]);
        closeSync(lock);
      },
    };
  } catch (error) {
    closeSync(lock);
    throw error;
  }
}

function endLayers(layers: readonly OverlayLayer[]): void {
  for (const { layer } of layers) void layer.destroy?.();
}

function lockWork(upper: string, work: string): number {
  const fd = openSync(work, constants.O_RDONLY | constants.O_DIRECTORY);
  if (flock(fd, LOCK.EX | LOCK.NB) >= 0) return fd;
  closeSync(fd);
  throw new CommandError(
    'UPPER_IN_USE',
    `error: the upper ${upper} is in use by another overlay (${work} is locked)`,
    'Unmount that one first, or name another upper and work directory.',
    EXIT.usage,
  );
}
