import type { EntryKind } from './tree.js';

const MODES: Readonly<Record<EntryKind, string>> = {
  file: '100644',
  executable: '100755',
  symlink: '120000',
  submodule: '160000',
  directory: '40000',
};

const KINDS: readonly EntryKind[] = ['file', 'executable', 'symlink', 'submodule', 'directory'];
const BY_TEXT: ReadonlyMap<string, EntryKind> = new Map(KINDS.map((kind) => [MODES[kind], kind]));

/** The text git writes into a tree for a kind of entry (mega-server §4.2). */
export function modeText(kind: EntryKind): string {
  return MODES[kind];
}

/**
 * The kind that a mode's octal text stands for, `undefined` for text that is no mode of git. Historic files
 * (`100664`, `100640`) and directories with a leading zero are understood: the file type counts, and of the permissions the
 * owner's execute bit, as in git.
 */
export function kindOfMode(text: string): EntryKind | undefined {
  const known = BY_TEXT.get(text);
  if (known !== undefined) return known;
  if (!/^0?[0-7]{5,6}$/.test(text)) return undefined;
  return kindOfBits(Number.parseInt(text, 8));
}

/** As `kindOfMode`, of the number. */
export function kindOfBits(bits: number): EntryKind | undefined {
  switch (bits & 0o170000) {
    case 0o100000:
      return bits & 0o100 ? 'executable' : 'file';
    case 0o120000:
      return 'symlink';
    case 0o160000:
      return 'submodule';
    case 0o040000:
      return 'directory';
    default:
      return undefined;
  }
}
