import { resolve } from 'node:path';
import type { OverlayOptions } from '@scorpiofs/overlayfs';
import type { Invocation } from '../command/invocation.js';
import { CommandError, withExit } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { checkLayers, layerDirectories } from './layer-directories.js';
import { refuseNested } from './nested.js';
import { mountOptions, parseOptionList, type OptionList } from './option-list.js';
import { OWNER_OPTIONS, ownerOptions } from './owner-options.js';
import { serveLocal } from './serve-local.js';

/** Of `-o`, what is about the layers. */
export const LAYER_OPTIONS = ['lowerdir', 'upperdir', 'workdir', 'volatile', 'data'];
const DATA_MODES = ['by-node', 'passthrough'] as const;

function dataMode(options: OptionList): OverlayOptions['data'] {
  const given = options.get('data');
  const mode = DATA_MODES.find((each) => each === given);
  if (given !== undefined && mode === undefined)
    throw new CommandError(
      'USAGE',
      `error: there is no data mode ${given}`,
      `Write -o data=${DATA_MODES.join(' or -o data=')}.`,
      EXIT.usage,
    );
  return mode;
}

/** Serves an overlay of host directories at a mount point. Throws `CommandError`. */
export async function runOverlay(invocation: Invocation, mountpointArg: string): Promise<ExitCode> {
  const mountpoint = resolve(mountpointArg);
  const options = parseOptionList(invocation.flags.get('--option') ?? []);
  const mount = mountOptions(options, [...OWNER_OPTIONS, ...LAYER_OPTIONS]);
  const owners = ownerOptions(options);
  const data = dataMode(options);
  const directories = layerDirectories(invocation, options);
  const { lowers, upper, work } = directories;
  refuseNested(mountpoint, [
    ...lowers.map((path, i) => ({ role: `lower ${i + 1}`, path })),
    ...(upper === undefined ? [] : [{ role: 'upper', path: upper }]),
    ...(work === undefined ? [] : [{ role: 'work directory', path: work }]),
  ]);
  checkLayers(directories);
  return serveLocal(invocation, {
    mountpoint,
    options: { fsName: 'scorpio-overlay', subtype: 'scorpio-overlay', ...mount },
    open: async () => {
      const { openOverlay } = await import('./open-overlay.js');
      return await withExit(EXIT.usage, () => openOverlay(directories, owners, data));
    },
  });
}
