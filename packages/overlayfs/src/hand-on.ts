import { FILE_ATTRIBUTE, type NodeId, type Request } from '@scorpiofs/fuse';
import type { FileAttributeForm, FileAttributes } from '@scorpiofs/fuse';
import { EACCES, EINVAL, ENOSYS, ENOTTY, EOPNOTSUPP, EPERM, fail, isErrno } from './errno.js';
import type { LayerState } from './layers.js';
import { S_IFDIR, S_IFREG } from './mode.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST } from './state.js';

const { flags } = FILE_ATTRIBUTE;

/** What a copy has of its file, and a new one of its directory. The rest says how one file system stores its data. */
const HANDED_ON = flags.SYNC | flags.NODUMP | flags.NOATIME | flags.DIRSYNC;
const ONLY_DIRECTORIES = flags.DIRSYNC;

export function* layerAttributes(
  { fs }: LayerState,
  req: Request,
  node: NodeId,
  form: FileAttributeForm,
): Op<FileAttributes> {
  if (fs.getFileAttributes === undefined) return fail(ENOTTY, 'layer without file attributes');
  return yield* wait(fs.getFileAttributes(req, node, undefined, form));
}

/** Neither side need have any, nor let itself be asked. */
const HAS_NONE = [ENOTTY, EOPNOTSUPP, ENOSYS, EINVAL, EACCES, EPERM] as const;

/** From a file to its copy in the upper, or from a directory to what is new in it. `type`: of that. */
export function* handOn(
  from: LayerState,
  source: NodeId,
  upper: LayerState,
  target: NodeId,
  type: number,
): Op<void> {
  if (type !== S_IFREG && type !== S_IFDIR) return;
  if (upper.fs.setFileAttributes === undefined) return;
  const wanted = type === S_IFDIR ? HANDED_ON : HANDED_ON & ~ONLY_DIRECTORIES;
  try {
    const bits = (yield* layerAttributes(from, OWN_REQUEST, source, 'flags')).bits & wanted;
    if (bits === 0) return;
    const now = yield* layerAttributes(upper, OWN_REQUEST, target, 'flags');
    const set = { ...now, bits: (now.bits | bits) >>> 0 };
    yield* wait(upper.fs.setFileAttributes(OWN_REQUEST, target, undefined, set));
  } catch (error) {
    if (!isErrno(error, ...HAS_NONE)) throw error;
  }
}
