import { dirname, join } from 'node:path';
import {
  Antares,
  AntaresError,
  Base,
  KernelEngine,
  kernelProblem,
  UserspaceEngine,
} from '@scorpiofs/antares';
import { antaresNumber, type Config } from '@scorpiofs/config';
import type { MegaClient } from '@scorpiofs/mega-client';
import type { Store } from '@scorpiofs/store';
import { CommandError, explain } from '../command-error.js';
import { droppedLog } from '../daemon/base-view.js';
import { fuseLog } from '../daemon/fuse-log.js';
import { EXIT } from '../exit-codes.js';
import type { Log, Logging } from '../log/logger.js';

/** The part of a daemon that makes views. */
export interface AntaresPart {
  readonly antares: Antares;
  readonly base: Base;
  /** Ends views, then the base; what could not be ended is logged. */
  close(): Promise<void>;
}

export interface AntaresParts {
  readonly config: Config;
  readonly client: MegaClient;
  readonly store: Store;
  readonly logging: Logging;
}

/** Why this process can make no views; undefined: it can try. */
export function noEngine(config: Config): AntaresError | undefined {
  if (config.values.antares_overlay_engine !== 'kernel' || process.geteuid?.() === 0)
    return undefined;
  return new AntaresError(
    'FUSE_ERROR',
    'views cannot be mounted: the kernel overlay engine needs root',
    'Run the daemon as root, or set antares_overlay_engine to auto.',
  );
}

/** Who unites the layers: whom the configuration names; else the kernel, where it can. */
async function engineName(config: Config, log: Log): Promise<'kernel' | 'userspace'> {
  const { antares_overlay_engine: wanted, antares_upper_root: upperRoot } = config.values;
  if (wanted === 'userspace') return wanted;
  const problem = await kernelProblem(upperRoot);
  if (problem === undefined) return 'kernel';
  if (wanted === 'kernel')
    throw new AntaresError(
      'FUSE_ERROR',
      `views cannot be mounted: ${problem}`,
      'Name another antares_upper_root, or set antares_overlay_engine to auto.',
    );
  log.info('views are served by this program', { reason: problem });
  return 'userspace';
}

/** Takes over the jobs of daemons that are gone. Throws `CommandError` where the state file is not understood or nothing can be mounted. */
export async function openAntares(parts: AntaresParts): Promise<AntaresPart> {
  const { config, client, store, logging } = parts;
  const { values } = config;
  const log = logging.for('scorpiofs::antares');
  const name = await engineName(config, log);
  const base = await Base.open({
    source: client,
    store,
    directory: join(dirname(values.antares_state_file), 'base'),
    mounted: name === 'kernel',
    onDropped: droppedLog(logging.for('scorpiofs::dicfuse')),
    uid: values.dicfuse_uid,
    gid: values.dicfuse_gid,
    readable: values.dicfuse_readable,
    mountOptions: { allowOther: values.allow_other, fsName: 'antares-base', ...fuseLog(logging) },
  });
  try {
    const antares = await Antares.open({
      paths: {
        upperRoot: values.antares_upper_root,
        clRoot: values.antares_cl_root,
        mountRoot: values.antares_mount_root,
        stateFile: values.antares_state_file,
      },
      engine:
        name === 'kernel'
          ? new KernelEngine()
          : new UserspaceEngine({
              base,
              mountOptions: { allowOther: values.allow_other, ...fuseLog(logging) },
            }),
      base,
      source: client,
      store,
      wire: client.wire,
      keepUpper: values.antares_keep_upper,
      maxMounts: values.antares_max_mounts,
      allowOther: values.allow_other,
      quiesceMs: antaresNumber('ANTARES_CL_QUIESCE_GRACE_MS', process.env),
      log: (level, message, fields) => log[level](message, fields),
    });
    return {
      antares,
      base,
      close: async () => {
        await antares.close();
        await base.close();
      },
    };
  } catch (error) {
    await base.close();
    if (!(error instanceof AntaresError && error.code === 'STATE_FILE')) throw error;
    const { message, hint } = explain(error);
    throw new CommandError('STATE_FILE', message, hint ?? '', EXIT.usage, error);
  }
}

/** What requests about views are answered with until there is an Antares. */
export function starting(): AntaresError {
  return new AntaresError('STARTING', 'the daemon is starting', 'Ask again in a moment.');
}
