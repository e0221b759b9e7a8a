/** Section of the configuration file that holds a key in its short form. */
export type Section = 'server' | 'dicfuse' | 'antares';

/** How the text of a value is read. `usize`, `u64` and `u32` are the names that messages have always used. */
export type ValueType =
  'url' | 'path' | 'string' | 'log-filter' | 'address' | 'bool' | 'usize' | 'u64' | 'u32' | 'enum';

/**
 * What a key does in this program. `effective`: as it says. `mapped`: its purpose is served by something else, which `note` names.
 * `none`: accepted and checked, so that an existing file keeps working, and without effect for the reason in `note`.
 */
export interface Effect {
  readonly kind: 'effective' | 'mapped' | 'none';
  readonly note: string;
}

/** One row of the table from which file, variables, flags, documentation and template come. */
export interface KeySpec {
  /** Flat name at the top level of the file. The variable is `SCORPIO_` and this in upper case. */
  readonly key: string;
  readonly section: Section;
  /** Name inside the section; it is not always the flat name without a prefix. */
  readonly short: string;
  readonly type: ValueType;
  /** `<user>` stands for the account name. Absent: not set unless somebody sets it. */
  readonly default?: string | number | boolean;
  readonly min?: number;
  /** Allowed words, and what such a word is called in a message. */
  readonly values?: readonly string[];
  readonly noun?: string;
  /** Command-line flag that is above everything else. */
  readonly flag?: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** Value that `config init` writes; keys without one are not in the template. */
  readonly template?: string;
  /** One of the 30 keys that ScorpioFS 0.2.x knows. */
  readonly reference: boolean;
  /** For people: one or two sentences, units included. */
  readonly doc: string;
  readonly effect: Effect;
}

type WordsOf<S> = S extends { values: readonly (infer V extends string)[] } ? V : string;

type Present<S extends KeySpec> = S['type'] extends 'bool'
  ? boolean
  : S['type'] extends 'usize' | 'u64' | 'u32'
    ? number
    : S['type'] extends 'enum'
      ? WordsOf<S>
      : string;

/** The type of a key's value: what the row says, or `undefined` where the row has no default. */
export type ValueOf<S extends KeySpec> = S extends { default: string | number | boolean }
  ? Present<S>
  : Present<S> | undefined;
