import { readFile } from 'node:fs/promises';

/** One line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface MountEntry {
  readonly id: number;
  readonly parentId: number;
  /** `st_dev` as `major:minor`; for FUSE the minor number is also that of the connection. */
  readonly device: string;
  /** Which directory of the file system is mounted; `/` unless it is a bind mount. */
  readonly root: string;
  readonly mountpoint: string;
  /** `ext4`, `fuse`, `fuse.sshfs`, … */
  readonly type: string;
  readonly source: string;
  readonly options: string;
  readonly superOptions: string;
}

/** Reading the table asks no file system anything, so it never hangs on a dead or stuck mount. In mount order. */
export async function readMountTable(): Promise<readonly MountEntry[]> {
  return parseMountTable(await readFile('/proc/self/mountinfo', 'utf8'));
}

export function parseMountTable(text: string): readonly MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    // Optional fields of any number stand before the lone dash.
    const dash = fields.indexOf('-', 6);
    const [id, parentId, device, root, mountpoint, options] = fields;
    if (dash < 0 || options === undefined) continue;
    entries.push({
      id: Number(id),
      parentId: Number(parentId),
      device: device ?? '',
      root: unescape(root ?? ''),
      mountpoint: unescape(mountpoint ?? ''),
      options,
      type: unescape(fields[dash + 1] ?? ''),
      source: unescape(fields[dash + 2] ?? ''),
      superOptions: fields[dash + 3] ?? '',
    });
  }
  return entries;
}

/** Blank, tab, newline, backslash and `#` are written as three octal digits. */
function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

export function isFuse(entry: MountEntry): boolean {
  return entry.type === 'fuse' || entry.type === 'fuseblk' || entry.type.startsWith('fuse.');
}

/** The mount one sees at exactly this path: the last one put there. */
export function mountAt(table: readonly MountEntry[], mountpoint: string): MountEntry | undefined {
  return table.findLast((entry) => entry.mountpoint === mountpoint);
}

/** Whether `path` is `directory` or below it. Both absolute and normalised. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}
