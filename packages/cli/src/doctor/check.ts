export type Status = 'ok' | 'warn' | 'fail';

/** What one check found. */
export interface Finding {
  readonly name: string;
  readonly status: Status;
  /** Whether `fail` makes doctor end with 1. */
  readonly critical: boolean;
  readonly detail: string;
  /** What to do, where it is not part of the detail. */
  readonly hint?: string;
  /** Mends what was found; offered by `--fix`. Gives what was done. */
  readonly fix?: () => Promise<string>;
}

export const ok = (name: string, detail: string): Finding => ({
  name,
  status: 'ok',
  critical: false,
  detail,
});

export const warn = (name: string, detail: string, hint?: string): Finding => ({
  name,
  status: 'warn',
  critical: false,
  detail,
  ...(hint !== undefined && { hint }),
});

export const fail = (name: string, detail: string, hint?: string): Finding => ({
  name,
  status: 'fail',
  critical: true,
  detail,
  ...(hint !== undefined && { hint }),
});
