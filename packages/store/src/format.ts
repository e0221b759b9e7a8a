import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { codeOf, fromTheFuture, StoreError, unusable } from './errors.js';
import type { Layout } from './layout.js';

const FORMAT = 1;

/**
 * Makes the directories (mode 0700) of a new store, or checks that an old one is of a format this version knows. The format
 * file is written last and renamed into place: a store with one has all its directories.
 */
export function prepareDirectory(layout: Layout, suffix: string): void {
  try {
    if (existsSync(layout.format)) checkFormat(layout);
    mkdirSync(layout.root, { recursive: true, mode: 0o700 });
    for (const path of [layout.files, layout.segments, layout.temporary, layout.owners])
      if (!existsSync(path)) makeDirectory(path);
    // Contents of a private repository: also where the directory was made with another mode.
    chmodSync(layout.root, 0o700);
    if (existsSync(layout.format)) return;
    const aside = `${layout.format}.${suffix}`;
    writeFileSync(aside, `scorpiofs store ${FORMAT}\n`, { mode: 0o600 });
    renameSync(aside, layout.format);
  } catch (error) {
    throw error instanceof StoreError ? error : unusable(layout.root, error);
  }
}

/** Not `recursive`: Node may then say ENOENT where the kernel said ENOSPC. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was quicker.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function checkFormat(layout: Layout): void {
  const text = readFileSync(layout.format, 'utf8').trim();
  const version = /^scorpiofs store (\d+)$/.exec(text)?.[1];
  if (version === undefined)
    throw unusable(
      layout.root,
      new Error(`its format file says ${JSON.stringify(text.slice(0, 80))}`),
    );
  if (Number(version) > FORMAT) throw fromTheFuture(layout.root, version);
}
