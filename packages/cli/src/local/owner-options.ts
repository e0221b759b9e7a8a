import type { IdRange, PassthroughOptions } from '@scorpiofs/passthroughfs';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';
import type { OptionList } from './option-list.js';

/** Options of `-o` about owners, attributes and ACLs, by the names of fuse-overlayfs. */
export const OWNER_OPTIONS = [
  'squash_to_root',
  'squash_to_uid',
  'squash_to_gid',
  'uidmapping',
  'gidmapping',
  'noacl',
  'noxattr',
  'xattr_permissions',
] as const;

/** The attributes in which fuse-overlayfs keeps owner and mode for `xattr_permissions` 1 and 2. */
const PERMISSION_XATTRS: Readonly<Record<string, string>> = {
  '1': 'security.fuseoverlayfs.override_stat',
  '2': 'user.fuseoverlayfs.override_stat',
};

export function ownerOptions(options: OptionList): PassthroughOptions {
  const uid = options.has('squash_to_root') ? 0 : id(options, 'squash_to_uid');
  const gid = options.has('squash_to_root') ? 0 : id(options, 'squash_to_gid');
  const uidMap = ranges(options, 'uidmapping');
  const gidMap = ranges(options, 'gidmapping');
  const permissions = options.get('xattr_permissions');
  const overrideXattr = permissions === undefined ? undefined : PERMISSION_XATTRS[permissions];
  if (permissions !== undefined && permissions !== '0' && overrideXattr === undefined)
    throw wrong('xattr_permissions', permissions, 'Known are 0, 1 (privileged) and 2 (user.*).');
  return {
    ...(uid !== undefined && { squashUid: uid }),
    ...(gid !== undefined && { squashGid: gid }),
    ...(uidMap !== undefined && { uidMap }),
    ...(gidMap !== undefined && { gidMap }),
    ...(options.has('noacl') && { acl: false }),
    ...(options.has('noxattr') && { xattrs: 'none' as const }),
    ...(overrideXattr !== undefined && { overrideXattr }),
  };
}

function wrong(name: string, value: string, hint: string): CommandError {
  return new CommandError('USAGE', `error: the option ${name}=${value} is wrong`, hint, EXIT.usage);
}

function id(options: OptionList, name: string): number | undefined {
  const value = options.get(name);
  if (value === undefined) return undefined;
  if (!/^\d{1,10}$/.test(value)) throw wrong(name, value, `Write it as -o ${name}=ID.`);
  return Number(value);
}

/** `HOST:SHOWN:COUNT`, several with colons between, as fuse-overlayfs takes them. */
function ranges(options: OptionList, name: string): IdRange[] | undefined {
  const value = options.get(name);
  if (value === undefined) return undefined;
  const numbers = value.split(':');
  if (numbers.length % 3 !== 0 || !numbers.every((n) => /^\d{1,10}$/.test(n)))
    throw wrong(name, value, `Write it as -o ${name}=HOST:SHOWN:COUNT[:HOST:SHOWN:COUNT…].`);
  const found: IdRange[] = [];
  for (let i = 0; i < numbers.length; i += 3)
    found.push({
      host: Number(numbers[i]),
      shown: Number(numbers[i + 1]),
      count: Number(numbers[i + 2]),
    });
  return found;
}
