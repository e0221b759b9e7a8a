/** Where a value came from. */
export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'env'; readonly variable: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      /** The key as it is written there: `load_dir_depth` or `[dicfuse].load_dir_depth`. */
      readonly key: string;
    }
  | { readonly kind: 'default' };

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** `error` stops a start; `warning` is said and lived with. */
  readonly severity: 'error' | 'warning';
  /** Which rule it breaks, for programs: `not-a-scalar`, `integer`, `minimum`, `unknown-key`, … */
  readonly rule: string;
  /** Flat name, or what was written where the key is not known. */
  readonly key: string;
  /** The value as text, secrets removed; absent where there is none. */
  readonly value?: string;
  readonly origin: Origin;
  /** One sentence that names the key, quotes the value and says what is expected. */
  readonly message: string;
}

/** `SCORPIO_BASE_URL`, `--upper-root`, `scorpio.toml ([server].base_url)`, `default`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag;
    case 'env':
      return origin.variable;
    case 'file':
      return origin.key === '' ? origin.path : `${origin.path} (${origin.key})`;
    case 'default':
      return 'default';
  }
}
