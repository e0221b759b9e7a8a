import { flagValue, type Invocation } from '../command/invocation.js';
import type { FlagSpec } from '../command/spec.js';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

/** 4294967295 means "no user" to the kernel. */
const MOST = 4_294_967_294;

function checkId(text: string): string | undefined {
  if (/^\d{1,10}$/.test(text) && Number(text) <= MOST) return undefined;
  return `not a number from 0 to ${MOST}`;
}

/** Whose job it is; additive to the recorded command line. */
export const USER_FLAGS: readonly FlagSpec[] = [
  {
    name: '--uid',
    value: 'UID',
    check: checkId,
    doc: 'Number of the user that the view, and all in it, belongs to; needs a daemon of root',
  },
  {
    name: '--gid',
    value: 'GID',
    check: checkId,
    doc: 'Number of its group; that of --uid by default',
  },
];

export interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** Nothing of it where no user was named. @throws CommandError usage: a group alone. */
export function userOf(invocation: Invocation): User {
  const [uid, gid] = (['--uid', '--gid'] as const).map((name) => flagValue(invocation, name));
  if (uid === undefined && gid !== undefined)
    throw new CommandError('USER', '--gid without --uid', 'Name the user too.', EXIT.usage);
  return {
    ...(uid !== undefined && { uid: Number(uid) }),
    ...(gid !== undefined && { gid: Number(gid) }),
  };
}
