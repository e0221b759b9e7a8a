import { describe, expect, test } from '@jest/globals';
import { mountOptions, parseOptionList, splitEscaped } from './option-list.js';
import { OWNER_OPTIONS, ownerOptions } from './owner-options.js';

describe('-o options as mount(8), fuse-overlayfs and bindfs write them', () => {
  test('lists, values and escaped separators', () => {
    expect([...parseOptionList(['ro,fsname=a\\,b', 'lowerdir=/a:/b'])]).toEqual([
      ['ro', ''],
      ['fsname', 'a,b'],
      ['lowerdir', '/a:/b'],
    ]);
    expect(splitEscaped('/a\\:x:/b', ':')).toEqual(['/a:x', '/b']);
  });

  test('mount options are translated, those of others let through, unknown ones refused', () => {
    const options = parseOptionList(['allow_other,ro,suid,rw,noacl,max_read=65536']);
    expect(mountOptions(options, OWNER_OPTIONS)).toEqual({
      allowOther: true,
      readOnly: true,
      suid: true,
      maxRead: 65536,
    });
    expect(() => mountOptions(parseOptionList(['bogus']), [])).toThrow(
      'unknown mount option bogus',
    );
    expect(() => mountOptions(parseOptionList(['max_read=x']), [])).toThrow('whole number');
  });

  test('owners: squash, maps, permissions in an attribute', () => {
    const list = 'squash_to_root,uidmapping=0:1000:10:20:5000:1,noacl,xattr_permissions=2';
    expect(ownerOptions(parseOptionList([list]))).toEqual({
      squashUid: 0,
      squashGid: 0,
      uidMap: [
        { host: 0, shown: 1000, count: 10 },
        { host: 20, shown: 5000, count: 1 },
      ],
      acl: false,
      overrideXattr: 'user.fuseoverlayfs.override_stat',
    });
    expect(() => ownerOptions(parseOptionList(['uidmapping=1:2']))).toThrow('wrong');
  });
});
