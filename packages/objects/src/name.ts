declare const brand: unique symbol;

/**
 * One path component as bytes: a string in which every character is one byte (0–255, "latin1").
 * It is exact for names that are not UTF-8, cheap as a map key and safe to keep.
 * The same representation as `Name` of `@scorpiofs/fuse`, which converts with its own functions.
 */
export type TreeName = string & { readonly [brand]: 'TreeName' };
