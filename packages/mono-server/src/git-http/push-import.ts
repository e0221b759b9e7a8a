import { randomUUID } from 'node:crypto';
import { firstLine } from '../git/commit-object.js';
import type { Monorepo } from '../mono/monorepo.js';
import { blockedByFile } from '../mono/blocked.js';
import { renewPlaceholder } from '../mono/placeholder.js';
import type { ImportRepository } from '../mono/state.js';
import type { Push } from './push.js';
import { ZERO, type RefCommand } from './receive-commands.js';
import type { Outcome } from './report.js';

const HEADS = 'refs/heads/';

/** An import repository is ordinary: branches, tags, forced updates; refs really move. The first push creates it (§2.4). */
export async function pushToImport(
  mono: Monorepo,
  push: Push,
  commands: readonly RefCommand[],
): Promise<Outcome> {
  const outcome = new Map<string, string | undefined>();
  const present = mono.state.imports[push.path];
  const firstBranch = commands.find(({ ref }) => ref.startsWith(HEADS));
  for (const { ref, oldOid } of commands) {
    const current = present?.refs[ref] ?? ZERO;
    if (oldOid !== current) outcome.set(ref, 'fetch first');
    else if (present === undefined && firstBranch === undefined)
      outcome.set(ref, 'push a branch first');
  }
  if (await blockedByFile(mono, push.path))
    for (const { ref } of commands) outcome.set(ref, 'a file is in the way');
  const failed = outcome.size > 0;
  const good = commands.filter(({ ref }) => !outcome.has(ref));
  if (good.length === 0 || (failed && push.capabilities.has('atomic'))) {
    for (const { ref } of good) outcome.set(ref, 'atomic transaction failed');
    return outcome;
  }
  await push.quarantine.release();
  await mono.change(async () => {
    const repository: ImportRepository = (mono.state.imports[push.path] ??= {
      refs: {},
      defaultBranch: firstBranch?.ref.slice(HEADS.length) ?? 'main',
      keep: ZERO,
      pushers: {},
      tagTimes: {},
      borrowed: null,
    });
    let pushed: string | undefined;
    for (const { ref, newOid } of good) {
      const info = await mono.store.infoOf(newOid);
      if (ref.startsWith(HEADS) && info?.type !== 'commit') {
        outcome.set(ref, 'a branch must name a commit');
        continue;
      }
      repository.refs[ref] = newOid;
      if (ref.startsWith(HEADS)) {
        repository.pushers[newOid] = push.user;
        pushed ??= newOid;
      } else repository.tagTimes[ref] = new Date().toISOString();
      outcome.set(ref, undefined);
    }
    if (pushed === undefined) {
      if (repository.keep === ZERO) delete mono.state.imports[push.path];
      return;
    }
    // Tags alone do not show in the monorepo; branches do, by a new placeholder (§4.4).
    const { message } = await mono.store.knownCommit(pushed);
    const text = `${new Date().toISOString()} ${randomUUID()}\n`;
    repository.keep = await renewPlaceholder(mono, push.path, text, firstLine(message));
  });
  return outcome;
}
