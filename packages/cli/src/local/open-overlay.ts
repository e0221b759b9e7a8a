import { mkdirSync } from 'node:fs';
import {
  OverlayError,
  OverlayFs,
  type OverlayLayer,
  type OverlayOptions,
} from '@scorpiofs/overlayfs';
import { PassthroughFs, type PassthroughOptions } from '@scorpiofs/passthroughfs';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';
import type { Served } from './serve-local.js';
import { checkDirectories, type LayerDirectories } from './layer-directories.js';
import { probeUpperForm } from './upper-form.js';

export interface OpenOverlay extends Served {
  readonly fileSystem: OverlayFs;
}

/**
 * An overlay of host directories. The upper is its own for as long as it is open.
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
  const { form, xattrPrefix, reason } = probeUpperForm(work);
  const own = new PassthroughFs(upper, { ...options, exclusive: true });
  const top = { layer: own, work: own.attach(work), form, xattrPrefix };
  try {
    const fileSystem = new OverlayFs({ upper: top, lowers: layers, ...mode });
    return {
      fileSystem,
      note:
        reason &&
        `${reason}: deletions are kept as .wh. files in ${upper}, which the kernel's overlay does not understand`,
      [Symbol.dispose]: () => {
        fileSystem.destroy();
        endLayers([...layers, top]);
      },
    };
  } catch (error) {
    endLayers([...layers, top]);
    throw error instanceof OverlayError && error.code === 'OVERLAY_IN_USE'
      ? upperInUse(upper, error)
      : error;
  }
}

function endLayers(layers: readonly OverlayLayer[]): void {
  for (const { layer } of layers) void layer.destroy?.();
}

function upperInUse(upper: string, error: OverlayError): CommandError {
  return new CommandError(
    'UPPER_IN_USE',
    `error: ${upper}: ${error.message}`,
    'Unmount that one first, or name another upper and work directory.',
    EXIT.usage,
    error,
  );
}
