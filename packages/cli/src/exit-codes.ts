/** Exit codes of both programs; no other code ever leaves them (spec §2.1). */
export const EXIT = {
  ok: 0,
  /** Anything else; doctor found something critical; a signal cut a clean-up short. */
  other: 1,
  /** Configuration or command line. */
  usage: 2,
  /** Mounting or unmounting. */
  mount: 3,
  /** The HTTP address could not be bound. */
  bind: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
