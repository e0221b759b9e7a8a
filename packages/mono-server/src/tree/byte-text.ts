import type { TreeName } from '@scorpiofs/objects';

/** Text as it comes in JSON and query strings → bytes as the characters 0–255. */
export function toBytes(text: string): TreeName {
  return Buffer.from(text, 'utf8').toString('latin1') as TreeName;
}

/** Bytes → text; what is not UTF-8 becomes replacement characters, as JSON cannot carry it. */
export function toText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
