import type { FileAttributeForm, FileAttributes } from '../file-attributes.js';
import type { FileSystem, Handle, Maybe } from '../filesystem.js';
import { FsError } from '../fs-error.js';
import { FS_IOC, IOCTL_UNRESTRICTED } from '../protocol/flags.js';
import { getBigU64, getU32, putS32, putU32 } from '../protocol/layout.js';
import type { Arguments } from '../protocol/request.js';
import * as st from '../protocol/structs.js';
import type { Handler, Served } from './handler.js';
import { handleAt } from './handles.js';
import { invalid } from './invalid.js';
import type { KernelRequest } from './kernel-request.js';

const ENOTTY = FsError.of(25, 'no such ioctl');
const OUT = st.IOCTL_OUT.size;

/** Sent for `lsattr`, `chattr` and by the kernel's overlay; with OPEN answered ENOSYS too, the handle is then 0. */
const COMMANDS: Readonly<Record<number, { form: FileAttributeForm; set: boolean } | undefined>> = {
  [FS_IOC.GETFLAGS]: { form: 'flags', set: false },
  [FS_IOC.SETFLAGS]: { form: 'flags', set: true },
  [FS_IOC.FSGETXATTR]: { form: 'fsxattr', set: false },
  [FS_IOC.FSSETXATTR]: { form: 'fsxattr', set: true },
};
const SIZE = { flags: st.FILE_FLAGS.size, fsxattr: st.FSXATTR.size } as const;

type Plain = Awaited<ReturnType<NonNullable<FileSystem['ioctl']>>>;
type Answer = Plain | FileAttributes | void;

/**
 * Only well-formed commands (size and direction in the number) arrive: the kernel has copied their bytes already. Others, of
 * character devices, are refused.
 */
export const IOCTL: Handler<Answer> = {
  call(s, r, a) {
    const f = st.IOCTL_IN.at;
    if ((getU32(a.b, a.at, f.flags) & IOCTL_UNRESTRICTED) !== 0) throw ENOTTY;
    const inSize = getU32(a.b, a.at, f.in_size);
    if (a.dataAt + inSize > a.end) return invalid();
    r.size = getU32(a.b, a.at, f.out_size);
    r.command = getU32(a.b, a.at, f.cmd);
    const fh = handleAt(a.b, a.at, f.fh);
    const asked = fileAttributes(s, r, a, fh, inSize);
    if (asked !== undefined) return asked.answer;
    if (s.fs.ioctl === undefined) throw ENOTTY;
    const input = a.b.subarray(a.dataAt, a.dataAt + inSize);
    return s.fs.ioctl(r, r.node, fh, r.command, getBigU64(a.b, a.at, f.arg), input, r.size);
  },
  reply(s, r, value, b, at) {
    b.fill(0, at, at + OUT);
    if (value === undefined) {
      // It changed the time of change, of which the kernel knows nothing.
      s.attributesChanged(r.node);
      return OUT;
    }
    if ('form' in value) return OUT + putFileAttributes(b, at + OUT, value);
    const data = value.data ?? new Uint8Array();
    if (data.length > r.size) throw new RangeError(`ioctl answers ${data.length} of ${r.size}`);
    putS32(b, at, st.IOCTL_OUT.at.result, value.result);
    b.set(data, at + OUT);
    return OUT + data.length;
  },
};

/** Undefined: it is another command, or the file system takes it as bytes. */
function fileAttributes(
  { fs }: Served,
  r: KernelRequest,
  a: Arguments,
  fh: Handle,
  inSize: number,
): { readonly answer: Maybe<FileAttributes | void> } | undefined {
  const command = COMMANDS[r.command];
  if (command === undefined) return undefined;
  const { form, set } = command;
  if (!set) {
    if (fs.getFileAttributes === undefined) return undefined;
    return r.size < SIZE[form] ? invalid() : { answer: fs.getFileAttributes(r, r.node, fh, form) };
  }
  if (fs.setFileAttributes === undefined) return undefined;
  if (inSize < SIZE[form]) return invalid();
  return { answer: fs.setFileAttributes(r, r.node, fh, readFileAttributes(form, a)) };
}

function readFileAttributes(form: FileAttributeForm, { b, dataAt }: Arguments): FileAttributes {
  if (form === 'flags') return { form, bits: getU32(b, dataAt, st.FILE_FLAGS.at.flags) };
  const f = st.FSXATTR.at;
  return {
    form,
    bits: getU32(b, dataAt, f.xflags),
    more: {
      extsize: getU32(b, dataAt, f.extsize),
      nextents: getU32(b, dataAt, f.nextents),
      projid: getU32(b, dataAt, f.projid),
      cowextsize: getU32(b, dataAt, f.cowextsize),
    },
  };
}

function putFileAttributes(b: Buffer, at: number, { form, bits, more }: FileAttributes): number {
  b.fill(0, at, at + SIZE[form]);
  if (form === 'flags') {
    putU32(b, at, st.FILE_FLAGS.at.flags, bits);
    return SIZE.flags;
  }
  const f = st.FSXATTR.at;
  putU32(b, at, f.xflags, bits);
  putU32(b, at, f.extsize, more?.extsize ?? 0);
  putU32(b, at, f.nextents, more?.nextents ?? 0);
  putU32(b, at, f.projid, more?.projid ?? 0);
  putU32(b, at, f.cowextsize, more?.cowextsize ?? 0);
  return SIZE.fsxattr;
}
