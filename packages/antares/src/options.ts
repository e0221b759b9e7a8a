import type { Wire } from '@scorpiofs/mega-client';
import type { Source } from '@scorpiofs/objects';
import type { Store } from '@scorpiofs/store';
import type { Base } from './base.js';
import type { OverlayEngine, Process } from './engine.js';
import type { MountStatus } from './job.js';

export interface AntaresPaths {
  readonly upperRoot: string;
  readonly clRoot: string;
  readonly mountRoot: string;
  readonly stateFile: string;
}

export type AntaresLog = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, string | number>>,
) => void;

export interface AntaresOptions {
  readonly paths: AntaresPaths;
  readonly engine: OverlayEngine;
  readonly base: Base;
  readonly source: Source;
  readonly store: Store;
  readonly wire: Wire;
  /** Whether a delete keeps what the job wrote. Default false. */
  readonly keepUpper?: boolean;
  /** Default 1000. */
  readonly maxMounts?: number;
  /** Milliseconds between the announcement of a change of layers and the unmount. Default 150. */
  readonly quiesceMs?: number;
  /** Other users may enter the mount root. Default false: its mode becomes 0700. */
  readonly allowOther?: boolean;
  readonly log?: AntaresLog;
}

export interface DeleteOptions {
  /** The directories stay, whatever `keepUpper` says. */
  readonly keep?: boolean;
}

export interface PruneOptions {
  /** Milliseconds since a directory was changed last, or its job ended. Default: an hour. */
  readonly olderThanMs?: number | undefined;
  /** Only says what would go. */
  readonly dryRun?: boolean | undefined;
}

export interface ChangeOfLayers {
  /** Processes inside do not stop it; they stay on the old view. */
  readonly force?: boolean | undefined;
}

export interface BuildClOptions extends ChangeOfLayers {
  /** Directory that the change list's paths are relative to. */
  readonly clPath?: string | undefined;
}

export interface RefreshOptions extends ChangeOfLayers {
  /** A commit id. Default: the newest. */
  readonly revision?: string | undefined;
}

/** The answer of a forced change: `restart` names who still sees the old view. */
export type ChangedStatus = MountStatus & { readonly restart?: readonly Process[] };
