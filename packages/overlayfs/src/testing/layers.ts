import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { MemoryFs, nameFromUtf8, ROOT_NODE, type NodeId } from '@scorpiofs/fuse';
import { PassthroughFs, type PassthroughOptions } from '@scorpiofs/passthroughfs';

import type { MarkForm, OverlayLayer } from '../layers.js';
import { OverlayFs } from '../overlay-fs.js';
import { OWN_REQUEST, type OverlayOptions } from '../state.js';

/** For tests: who acts on file systems in memory, whoever runs the tests. */
export const AS_ROOT = { uid: 0, gid: 0 };

/** What this process may write on a host file. */
const XATTR_PREFIX = process.getuid?.() === 0 ? 'trusted.overlay.' : 'user.overlay.';

/** For tests: an upper in memory, its shown directory and its work directory beside each other. */
export function memoryUpper(memory = new MemoryFs({ rootMode: 0o777 })): OverlayLayer {
  return { layer: memory, root: directory(memory, 'up', 0o777), work: directory(memory, 'aside') };
}

function directory(memory: MemoryFs, name: string, mode = 0o700): NodeId {
  const there = memory.lookup(OWN_REQUEST, ROOT_NODE, nameFromUtf8(name));
  if (there.node !== 0) return there.node;
  return memory.mkdir(OWN_REQUEST, ROOT_NODE, nameFromUtf8(name), mode).node;
}

/** For tests: directories of one overlay on disk. */
export interface Folders {
  readonly dir: string;
  readonly upper: string;
  readonly work: string;
  readonly lowers: readonly string[];
}

export function makeFolders(lowers: number, place = os.tmpdir()): Folders {
  const dir = fs.mkdtempSync(path.join(place, 'overlay-'));
  fs.chmodSync(dir, 0o777);
  const make = (name: string) => {
    const folder = path.join(dir, name);
    fs.mkdirSync(folder);
    fs.chmodSync(folder, 0o777);
    return folder;
  };
  return {
    dir,
    upper: make('upper'),
    work: make('work'),
    lowers: Array.from({ length: lowers }, (_, i) => make(`lower${i}`)),
  };
}

/** For tests: an overlay of directories, and what ends it with its layers. */
export function diskOverlay(
  folders: Omit<Folders, 'dir'>,
  options: Partial<OverlayOptions> & {
    readonly form?: MarkForm;
    readonly host?: PassthroughOptions;
  } = {},
): { readonly overlay: OverlayFs; readonly end: () => void } {
  const { form = 'kernel', host, ...rest } = options;
  const own = new PassthroughFs(folders.upper, host);
  const layers = folders.lowers.map(
    (lower) => new PassthroughFs(lower, { ...host, readOnly: true }),
  );
  const endLayers = () => {
    for (const layer of [own, ...layers]) layer.destroy();
  };
  try {
    const overlay = new OverlayFs({
      upper: { layer: own, work: own.attach(folders.work), form, xattrPrefix: XATTR_PREFIX },
      lowers: layers.map((layer) => ({ layer, form, xattrPrefix: XATTR_PREFIX })),
      ...rest,
    });
    return {
      overlay,
      end() {
        overlay.destroy();
        endLayers();
      },
    };
  } catch (error) {
    endLayers();
    throw error;
  }
}
