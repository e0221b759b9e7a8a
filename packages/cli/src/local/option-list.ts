import type { MountOptions } from '@scorpiofs/fuse';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

/** What `-o` says, as mount(8), fuse-overlayfs and bindfs write it: `name` or `name=value`, several with commas between. */
export type OptionList = ReadonlyMap<string, string>;

/** Splits the texts of all `-o`; a comma or backslash that belongs to a value is written with a backslash before it. */
export function parseOptionList(texts: readonly string[]): OptionList {
  const options = new Map<string, string>();
  for (const text of texts)
    for (const item of splitEscaped(text, ',')) {
      if (item === '') continue;
      const at = item.indexOf('=');
      if (at < 0) options.set(item, '');
      else options.set(item.slice(0, at), item.slice(at + 1));
    }
  return options;
}

/** Splits at a separator that has no backslash before it, and takes that backslash away. */
export function splitEscaped(text: string, separator: ',' | ':'): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    const next = text.charAt(i + 1);
    if (c === '\\' && next === separator) {
      parts[parts.length - 1] += next;
      i++;
    } else if (c === separator) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts;
}

/** Taken without effect: mount(8) passes them along, or they say what is the case anyway. */
const IGNORED = new Set([
  'rw',
  'nosuid',
  'nodev',
  'auto',
  'noauto',
  'user',
  'users',
  '_netdev',
  'defaults',
  'exec',
]);

function number(name: string, value: string): number {
  if (!/^\d{1,10}$/.test(value))
    throw new CommandError(
      'USAGE',
      `error: the option ${name}=${value} is not a whole number`,
      `Write it as -o ${name}=N.`,
      EXIT.usage,
    );
  return Number(value);
}

const MOUNT_OPTIONS: Readonly<Record<string, (value: string) => Partial<MountOptions>>> = {
  allow_other: () => ({ allowOther: true }),
  default_permissions: () => ({ defaultPermissions: true }),
  ro: () => ({ readOnly: true }),
  suid: () => ({ suid: true }),
  dev: () => ({ dev: true }),
  noexec: () => ({ exec: false }),
  noatime: () => ({ noatime: true }),
  nonempty: () => ({ allowNonEmpty: true }),
  fsname: (fsName) => ({ fsName }),
  subtype: (subtype) => ({ subtype }),
  max_read: (value) => ({ maxRead: number('max_read', value) }),
  transport: (value) => {
    if (value === 'kernel' || value === 'fuse-native' || value === 'auto')
      return { transport: value };
    throw new CommandError(
      'USAGE',
      `error: there is no transport ${value}`,
      'The transports are kernel, fuse-native and auto.',
      EXIT.usage,
    );
  },
};

/** Options of the mount itself. What is neither one nor among `others` is an error: an option without effect misleads. */
export function mountOptions(options: OptionList, others: readonly string[]): MountOptions {
  const found: Partial<MountOptions>[] = [];
  for (const [name, value] of options) {
    const option = MOUNT_OPTIONS[name];
    if (option !== undefined) found.push(option(value));
    else if (!IGNORED.has(name) && !others.includes(name))
      throw new CommandError(
        'USAGE',
        `error: unknown mount option ${name}`,
        `Known are ${[...Object.keys(MOUNT_OPTIONS), ...others].sort().join(', ')}.`,
        EXIT.usage,
      );
  }
  return Object.assign({}, ...found) as MountOptions;
}
