import type { Config } from '@scorpiofs/config';
import { flagValue, hasFlag, type Invocation } from '../command/invocation.js';
import { CommandError, withExit } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { openConfig } from '../open-config.js';
import { askDaemon, failureOf } from './ask-daemon.js';
import { confirmed } from './confirmed.js';
import { DEFAULT_AGE, parseDuration, roughly } from './duration.js';

/** As the daemon answers. */
interface Pruned {
  readonly dry_run: boolean;
  readonly directories: readonly {
    readonly kind: 'mountpoint' | 'cl' | 'upper' | 'work';
    readonly path: string;
    readonly changed_at_epoch_ms: number;
  }[];
}

const NAMES = {
  mountpoint: 'mount point',
  cl: 'change list',
  upper: 'upper',
  work: 'work directory',
};

export async function runPrune(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  const olderThanMs = olderThan(invocation);
  const json = hasFlag(invocation, '--json');
  const dryRun = hasFlag(invocation, '--dry-run');
  const asks = !dryRun && !hasFlag(invocation, '--yes');
  if (asks && (json || !output.interactive || !process.stdin.isTTY))
    throw new CommandError(
      'PRUNE',
      'prune removes nothing unasked, and there is nobody to ask here',
      'See what would go with --dry-run, and let it go with --yes.',
      EXIT.usage,
    );
  const config = openConfig(invocation);
  const began = performance.now();
  let said = await prune(config, olderThanMs, dryRun || asks);
  if (asks && said.directories.length > 0) {
    output.out(lines(said));
    if (!(await confirmed(`Remove ${count(said)}? [y/N] `))) {
      output.out('nothing was removed\n');
      return EXIT.ok;
    }
    // What has become old enough meanwhile was not shown.
    said = await prune(config, olderThanMs + performance.now() - began, false);
  }
  if (json) output.out(`${JSON.stringify(said, null, 2)}\n`);
  else if (said.directories.length === 0) output.out('nothing to prune\n');
  else output.out(lines(said));
  return EXIT.ok;
}

/** Milliseconds. */
function olderThan(invocation: Invocation): number {
  const ms = parseDuration(flagValue(invocation, '--older-than') ?? DEFAULT_AGE);
  if (ms === undefined) throw new Error('--older-than was not checked');
  return ms;
}

async function prune(config: Config, olderThanMs: number, dryRun: boolean): Promise<Pruned> {
  const body = { older_than_ms: Math.ceil(olderThanMs), dry_run: dryRun };
  const answer = await askDaemon(config, { method: 'POST', path: '/prune', body });
  if (answer === undefined) return await offline(config, olderThanMs, dryRun);
  if (answer.status === 200) return JSON.parse(answer.text) as Pruned;
  const old = answer.status === 404;
  const why = old ? 'the running daemon is of a version that cannot do it' : failureOf(answer);
  const hint = old ? 'Start it again with this version.' : 'See the log of the daemon.';
  throw new CommandError('PRUNE', `failed to prune: ${why}`, hint, EXIT.other);
}

/** What serves views is loaded where this process has to do it. */
async function offline(config: Config, olderThanMs: number, dryRun: boolean): Promise<Pruned> {
  const { pruneOffline, StateFile } = await import('@scorpiofs/antares');
  const { values } = config;
  const paths = {
    upperRoot: values.antares_upper_root,
    clRoot: values.antares_cl_root,
    mountRoot: values.antares_mount_root,
    stateFile: values.antares_state_file,
  };
  // Damaged state is refused as `list` does it.
  await withExit(EXIT.usage, () => new StateFile(paths.stateFile).read());
  const found = await pruneOffline(paths, { olderThanMs, dryRun });
  return {
    dry_run: dryRun,
    directories: found.map(({ kind, path, changedMs }) => ({
      kind,
      path,
      changed_at_epoch_ms: changedMs,
    })),
  };
}

function lines({ dry_run, directories }: Pruned): string {
  const verb = dry_run ? 'would remove' : 'removed';
  const now = Date.now();
  const line = ({ kind, path, changed_at_epoch_ms }: Pruned['directories'][number]) =>
    `${verb} ${NAMES[kind]} ${path} (left ${roughly(now - changed_at_epoch_ms)} ago)\n`;
  return directories.map(line).join('');
}

function count({ directories }: Pruned): string {
  return directories.length === 1 ? 'this directory' : `these ${directories.length} directories`;
}
