import {
  CAP,
  capget,
  capset,
  encodeCapabilities,
  hasCapability,
  setfsgid,
  setfsuid,
} from '@scorpiofs/posix';

/**
 * Makes files in the caller's name. The id is switched for this thread and the time of one synchronous call, so a new
 * file belongs to its owner from the first moment: no window in which it is root's, and quotas count the right user.
 *
 * The permission to create was checked by the kernel, with the caller's supplementary groups, which nobody here knows.
 * So the capabilities that `setfsuid` takes away are taken back, all but CAP_FSETID: without it the host drops a set-gid
 * bit the caller has no right to, as it would for the caller itself.
 */
export class Actor {
  readonly #raised: Buffer | undefined;

  private constructor(
    readonly uid: number,
    readonly gid: number,
    raised: Buffer | undefined,
  ) {
    this.#raised = raised;
  }

  static ofThisProcess(): Actor {
    const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
    const now = capget();
    const may =
      uid === 0 &&
      typeof now !== 'number' &&
      hasCapability(CAP.SETUID) &&
      hasCapability(CAP.SETGID) &&
      hasCapability(CAP.DAC_OVERRIDE);
    if (!may) return new Actor(uid, gid, undefined);
    const effective = now.effective & ~(1n << BigInt(CAP.FSETID));
    return new Actor(uid, gid, encodeCapabilities({ ...now, effective }));
  }

  /** Whether files can belong to others than this process's user. */
  get canActForOthers(): boolean {
    return this.#raised !== undefined;
  }

  /**
   * `call` must not wait: everything this thread does meanwhile is done as that user. `wasAllowed`: the permission was
   * checked before; false lets the host check it, for that user with that one group.
   */
  as(uid: number, gid: number, call: () => number, wasAllowed = true): number {
    if (this.#raised === undefined || (uid === this.uid && gid === this.gid)) return call();
    setfsgid(gid);
    setfsuid(uid);
    try {
      if (uid !== 0 && wasAllowed) capset(this.#raised);
      return call();
    } finally {
      setfsuid(this.uid);
      setfsgid(this.gid);
    }
  }
}
