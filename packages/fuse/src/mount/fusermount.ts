import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import {
  close,
  errnoName,
  O,
  recvmsg,
  setStatusFlags,
  socketpair,
  statusFlags,
} from '@scorpiofs/posix';

import { fusermountFailed, noFusermount } from './errors.js';
import { sharedOptions } from './mount-directly.js';
import type { ResolvedOptions } from './options.js';

/** Path of the set-user-id helper of libfuse that mounts for ordinary users. */
export function findFusermount(): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    if (directory === '') continue;
    for (const name of ['fusermount3', 'fusermount']) {
      const path = join(directory, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

/** Mounts through fusermount3, which hands the connection's descriptor over a socket. The caller owns it. */
export async function mountByFusermount(mountpoint: string, o: ResolvedOptions): Promise<number> {
  const program = findFusermount();
  if (program === undefined) throw noFusermount();
  const ends = socketpair();
  if (typeof ends === 'number') throw fusermountFailed(`socketpair: ${errnoName(ends)}`);
  const [ours, theirs] = ends;
  try {
    const options = fusermountOptions(o);
    const ran = run(program, ['-o', options, '--', mountpoint], theirs).finally(() =>
      close(theirs),
    );
    const { status, said } = await ran;
    if (status !== 0) throw fusermountFailed(said);
    // It has ended, and its end of the socket with it: the message is here, or there is none.
    const message = recvmsg(ours, Buffer.alloc(16));
    const fd = typeof message === 'number' ? undefined : message.fds[0];
    if (fd === undefined) throw fusermountFailed('it sent no descriptor');
    setStatusFlags(fd, statusFlags(fd) | O.O_NONBLOCK);
    return fd;
  } finally {
    close(ours);
  }
}

function fusermountOptions(o: ResolvedOptions): string {
  return [
    o.readOnly ? 'ro' : 'rw',
    ...(o.suid ? ['suid'] : ['nosuid']),
    ...(o.dev ? ['dev'] : ['nodev']),
    ...(o.exec ? [] : ['noexec']),
    ...(o.noatime ? ['noatime'] : []),
    `fsname=${escapeOption(o.fsName)}`,
    `subtype=${o.subtype}`,
    ...sharedOptions(o),
  ].join(',');
}

function escapeOption(value: string): string {
  return value.replace(/[\\,]/g, (special) => `\\${special}`);
}

/** `fusermount3 -u`, lazily with `-z`. Undefined: done; else what it said. */
export async function unmountByFusermount(
  mountpoint: string,
  lazy: boolean,
): Promise<string | undefined> {
  const program = findFusermount();
  if (program === undefined) throw noFusermount();
  const { status, said } = await run(program, [lazy ? '-uz' : '-u', '--', mountpoint]);
  return status === 0 ? undefined : said;
}

/** Runs while the event loop goes on: the program may look at what this process serves. */
function run(
  program: string,
  args: readonly string[],
  socket?: number,
): Promise<{ readonly status: number; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: {
        PATH: process.env['PATH'],
        LC_ALL: 'C',
        ...(socket === undefined ? {} : { _FUSE_COMMFD: '3' }),
      },
      stdio: ['ignore', 'ignore', 'pipe', ...(socket === undefined ? [] : [socket])],
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 4096) said += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ status: code ?? 1, said: said.trim() }));
  });
}
