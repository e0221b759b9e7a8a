import { nameToUtf8, type Name } from '@scorpiofs/fuse';
import type { Change } from '@scorpiofs/overlayfs';
import { hasFlag, type Invocation } from '../command/invocation.js';
import { CommandError, withExit } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { layerDirectories } from './layer-directories.js';
import { openOverlay } from './open-overlay.js';
import { mountOptions, parseOptionList } from './option-list.js';
import { OWNER_OPTIONS, ownerOptions } from './owner-options.js';
import { LAYER_OPTIONS } from './run-overlay.js';

const LETTERS: Readonly<Record<Change['kind'], string>> = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  renamed: 'R',
  metadata: 'T',
};

const shown = (path: string): string => nameToUtf8(path as Name);

/** How long a daemon whose mount is gone may take to let go of its upper, in ms. */
const LETTING_GO_MS = 2000;

/** Right after `umount` the daemon still ends: its lock on the upper is waited for a moment. */
async function onceFree<T>(open: () => T): Promise<T> {
  const end = performance.now() + LETTING_GO_MS;
  for (;;) {
    try {
      return open();
    } catch (error) {
      const inUse = error instanceof CommandError && error.code === 'UPPER_IN_USE';
      if (!inUse || performance.now() > end) throw error;
    }
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

/** Prints what an upper changes of its lowers, from the directories alone: nothing is mounted. */
export async function runOverlayDiff(invocation: Invocation): Promise<ExitCode> {
  const options = parseOptionList(invocation.flags.get('--option') ?? []);
  mountOptions(options, [...OWNER_OPTIONS, ...LAYER_OPTIONS]);
  const directories = layerDirectories(invocation, options);
  using open = await withExit(EXIT.usage, () =>
    onceFree(() => openOverlay(directories, ownerOptions(options))),
  );
  const changes = await open.fileSystem.changes();
  if (hasFlag(invocation, '--json')) {
    const list = changes.map(({ kind, path, oldPath }) => ({
      kind,
      path: shown(path),
      ...(oldPath !== undefined && { old_path: shown(oldPath) }),
      // Only where the text above does not say it exactly.
      ...(Buffer.from(shown(path)).toString('latin1') !== path && {
        path_b64: Buffer.from(path, 'latin1').toString('base64'),
      }),
    }));
    invocation.output.out(`${JSON.stringify(list, undefined, 2)}\n`);
    return EXIT.ok;
  }
  for (const { kind, path, oldPath } of changes)
    invocation.output.out(
      `${LETTERS[kind]} ${oldPath === undefined ? '' : `${shown(oldPath)} -> `}${shown(path)}\n`,
    );
  return EXIT.ok;
}
