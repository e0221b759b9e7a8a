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
import { checkLayers, checkWork, type LayerDirectories } from './layer-directories.js';

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
  checkLayers(directories);
  if (work !== undefined) mkdirSync(work, { recursive: true, mode: 0o700 });
  checkWork(directories);
  // Data by node never is the kernel's own business, so that files need not be looked at when they are opened.
  const host: PassthroughOptions = {
    ...options,
    exclusive: true,
    ...(data === 'passthrough' ? {} : { passthroughMinSize: 'never' }),
  };
  const layers = lowers.map((path): OverlayLayer => ({
    layer: new PassthroughFs(path, { ...host, readOnly: true }),
  }));
  const mode = data === undefined ? {} : { data };
  if (upper === undefined || work === undefined) {
    const fileSystem = new OverlayFs({ lowers: layers, ...mode });
    return { fileSystem, [Symbol.dispose]: () => endLayers(layers) };
  }
  const own = new PassthroughFs(upper, host);
  const top = { layer: own, work: own.attach(work) };
  let note: string | undefined;
  const onNote = (text: string) => (note = text);
  try {
    const fileSystem = new OverlayFs({ upper: top, lowers: layers, onNote, ...mode });
    return {
      fileSystem,
      note,
      [Symbol.dispose]: () => {
        fileSystem.destroy();
        endLayers([...layers, top]);
      },
    };
  } catch (error) {
    endLayers([...layers, top]);
    throw error instanceof OverlayError ? badUpper(upper, work, error) : error;
  }
}

function endLayers(layers: readonly OverlayLayer[]): void {
  for (const { layer } of layers) void layer.destroy?.();
}

function badUpper(upper: string, work: string, error: OverlayError): CommandError | OverlayError {
  if (error.code === 'OVERLAY_IN_USE')
    return new CommandError(
      'UPPER_IN_USE',
      `error: ${upper}: ${error.message}`,
      'Unmount that one first, or name another upper and work directory.',
      EXIT.usage,
      error,
    );
  if (error.code === 'OVERLAY_NOT_WRITABLE')
    return new CommandError(
      'UPPER_NOT_WRITABLE',
      `error: ${work}: ${error.message}`,
      'The upper and its work directory must be on a file system with room, mounted for writing.',
      EXIT.usage,
      error,
    );
  return error;
}
