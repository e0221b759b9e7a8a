import type { FaultRule } from './faults/fault-rule.js';

export interface MonoServerOptions {
  /** Working tree, bare repository or URL to serve. Exactly one of `repo` and `empty` is needed. */
  readonly repo?: string;
  /** A new Mega server with its usual root directories. */
  readonly empty?: boolean;
  /** Import repositories: monorepo path (strictly below the import directory) → local repository. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Access token → user name; pushing needs one. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** Where pushes, change lists and LFS objects are kept. Default: a temporary directory, removed by `close`. */
  readonly dataDir?: string;
  /** `HOST:PORT`, default `127.0.0.1:0` (a free port). */
  readonly bind?: string;
  /** Parent of import repositories. Default `/third-party`. */
  readonly importDir?: string;
  /** Whether the capability extension of `/api/v1/scorpio` is offered. Default true. */
  readonly extension?: boolean;
  /** Behaves like servers before February 2026: `/file/blob` fails with 404 and no body, `files-list` knows no `renamed`. */
  readonly older?: boolean;
  /** A URL is fetched again at most this often, in milliseconds, and only while somebody asks for what is newest. Default 60,000. */
  readonly refetchMs?: number;
  /** Faults to begin with; see `MonoServer.faults` to change them later. */
  readonly faults?: readonly FaultRule[];
  /** Offers `GET`, `PUT` and `DELETE /api/v1/scorpio/faults` to everybody who can connect. For tests only. Default false. */
  readonly faultApi?: boolean;
  /** Life cycle and failures: an event name and fields. Default: nothing is logged. */
  readonly onEvent?: (event: MonoServerEvent) => void;
}

export interface MonoServerEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly [field: string]: unknown;
}
