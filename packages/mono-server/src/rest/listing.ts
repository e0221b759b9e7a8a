import { isDirectory, type TreeItem } from '../tree/tree-body.js';
import { toText } from '../tree/byte-text.js';

export type ContentType = 'directory' | 'file';

/** Only these two exist (§1.6): links and submodules are files here. */
export function contentType(item: TreeItem): ContentType {
  return isDirectory(item) ? 'directory' : 'file';
}

/** Entry of `/tree`: `path` is the queried path joined with the name. */
export function withPath(path: string, item: TreeItem): object {
  const name = toText(item.name);
  const base = path === '' || path.endsWith('/') ? path : `${path}/`;
  return { name, path: `${base}${name}`, content_type: contentType(item) };
}

/** Directories first, then by name as bytes (M06). */
export function byTypeAndName(a: TreeItem, b: TreeItem): number {
  const left = contentType(a);
  const right = contentType(b);
  if (left !== right) return left < right ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
