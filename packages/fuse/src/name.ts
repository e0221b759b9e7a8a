declare const brand: unique symbol;

/**
 * One directory entry's name as bytes: a string in which every character is one byte (0–255, "latin1"). Exact for names
 * that are not UTF-8, cheap as a map key, safe to keep after the request.
 */
export type Name = string & { readonly [brand]: 'Name' };

/** Longest name Linux passes (NAME_MAX), in bytes. */
export const NAME_MAX = 255;

export function nameFromBytes(bytes: Uint8Array): Name {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as Name;
}

export function nameFromUtf8(text: string): Name {
  return Buffer.from(text, 'utf8').toString('latin1') as Name;
}

export function nameToBytes(name: Name): Buffer {
  return Buffer.from(name, 'latin1');
}

/** For people and logs; bytes that are not UTF-8 become U+FFFD. */
export function nameToUtf8(name: Name): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}
