import {
  FsError,
  type AttrReply,
  type Entry,
  type FileSystem,
  type Layer,
  type NegativeEntry,
} from '@scorpiofs/fuse';

const NONE: NegativeEntry = { node: 0, entryTtl: 0 };
const ENOSYS = 38;

/** Who is shown as the owner of what lies below the upper. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The base as a layer in this process: no kernel in between. What a kernel overlay notes on a copied-up file (where it comes from) is understood,
 * since that is a node of the base.
 */
export function baseLayer(fs: FileSystem, owner: Owner | undefined): Layer {
  const layer: Layer = { ...fs, inoOfOrigin: nodeOfOrigin };
  return owner === undefined ? layer : { ...layer, ...ownedBy(fs, owner) };
}

/** The same, as that owner's. */
export function ownedBy(fs: FileSystem, { uid, gid }: Owner): FileSystem {
  const entry = (answer: Entry | NegativeEntry): Entry | NegativeEntry =>
    'attr' in answer ? { ...answer, attr: { ...answer.attr, uid, gid } } : answer;
  const reply = (answer: AttrReply): AttrReply => ({
    ...answer,
    attr: { ...answer.attr, uid, gid },
  });
  return {
    lookup: (req, parent, name) => {
      const answer = fs.lookup?.(req, parent, name) ?? NONE;
      return answer instanceof Promise ? answer.then(entry) : entry(answer);
    },
    getattr: (req, node, fh) => {
      const answer = fs.getattr?.(req, node, fh) ?? noAttributes();
      return answer instanceof Promise ? answer.then(reply) : reply(answer);
    },
  };
}

function noAttributes(): never {
  throw FsError.of(ENOSYS, 'the base has no attributes');
}

// struct ovl_fb with a handle of a FUSE file system, which has no UUID: node id (high, low) and generation (fs/fuse/inode.c).
const HEADER = 21;
const MAGIC = 0xfb;
const NO_UUID = Buffer.alloc(16);
const FILEID_INO64_GEN = 0x81;
const FILEID_INO64_GEN_PARENT = 0x82;

/** The number of the base's file that `trusted.overlay.origin` names; node ids are numbers of one file for ever. */
function nodeOfOrigin(origin: Uint8Array): bigint | undefined {
  const bytes = Buffer.from(origin.buffer, origin.byteOffset, origin.length);
  if (bytes.length < HEADER + 12 || bytes[0] !== 0 || bytes[1] !== MAGIC) return undefined;
  if (bytes[4] !== FILEID_INO64_GEN && bytes[4] !== FILEID_INO64_GEN_PARENT) return undefined;
  // Another machine's byte order, or a file system with a UUID: not written over this base.
  if ((bytes.readUInt8(3) & 1) !== 0 || bytes.compare(NO_UUID, 0, 16, 5, HEADER) !== 0)
    return undefined;
  return (BigInt(bytes.readUInt32LE(HEADER)) << 32n) | BigInt(bytes.readUInt32LE(HEADER + 4));
}
