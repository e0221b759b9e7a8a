import { FileHandle, ioctl } from '@scorpiofs/posix';

// struct ovl_fb of the kernel's overlay (fs/overlayfs/overlayfs.h): what `trusted.overlay.origin` holds.
const VERSION = 0;
const MAGIC = 0xfb;
const AT = { version: 0, magic: 1, length: 2, flags: 3, type: 4, uuid: 5, fid: 21 } as const;
/** The handle's words are in this machine's byte order; x64 and arm64 are little-endian. */
const LITTLE_ENDIAN = 0;
const HANDLE_HEADER = 8;

const FS_IOC_GETFSUUID = 0x8011_1500;
export const UUID_SIZE = 16;

/** The file system's UUID; all zeros where it has none, or the kernel (before 6.9) does not say. */
export function fsUuid(fd: number): Buffer {
  const answer = Buffer.alloc(1 + UUID_SIZE);
  const r = ioctl(fd, FS_IOC_GETFSUUID, answer);
  return r === 0 && answer[0] === UUID_SIZE
    ? Buffer.from(answer.subarray(1))
    : Buffer.alloc(UUID_SIZE);
}

/** A file handle in the encoding of `trusted.overlay.origin`. */
export function encodeOrigin(key: string, uuid: Buffer): Buffer {
  const handle = Buffer.from(key, 'latin1');
  const fid = handle.subarray(HANDLE_HEADER);
  const origin = Buffer.alloc(AT.fid + fid.length);
  origin[AT.version] = VERSION;
  origin[AT.magic] = MAGIC;
  origin[AT.length] = origin.length;
  origin[AT.flags] = LITTLE_ENDIAN;
  origin[AT.type] = handle[4] ?? 0;
  uuid.copy(origin, AT.uuid);
  fid.copy(origin, AT.fid);
  return origin;
}

/** The file handle in an origin; undefined for one of another file system, or for anything that is no origin. */
export function decodeOrigin(origin: Uint8Array, uuid: Buffer): string | undefined {
  const bytes = Buffer.from(origin);
  const isOrigin =
    bytes.length > AT.fid &&
    bytes[AT.version] === VERSION &&
    bytes[AT.magic] === MAGIC &&
    bytes[AT.length] === bytes.length &&
    ((bytes[AT.flags] ?? 0) & 1) === LITTLE_ENDIAN &&
    bytes.subarray(AT.uuid, AT.fid).equals(uuid);
  if (!isOrigin) return undefined;
  const fid = bytes.subarray(AT.fid);
  const handle = new FileHandle().bytes.subarray(0, HANDLE_HEADER);
  handle.writeUInt32LE(fid.length, 0);
  handle.writeInt32LE(bytes[AT.type] ?? 0, 4);
  return Buffer.concat([handle, fid]).toString('latin1');
}
