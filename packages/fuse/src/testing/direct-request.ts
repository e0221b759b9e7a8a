import type { Request } from '../filesystem.js';
import type { Identity } from '../permissions.js';

/** A request without a kernel: never interrupted. */
export class DirectRequest implements Request {
  readonly uid: number;
  readonly gid: number;
  readonly pid = process.pid;
  readonly interrupted = false;
  readonly signal = new AbortController().signal;

  constructor(who: Identity) {
    this.uid = who.uid;
    this.gid = who.gid;
  }
}
