import type { Handle } from '@scorpiofs/fuse';
import { close, closeAsync } from '@scorpiofs/posix';

import { failure } from './fail.js';
import type { HostNode } from './node.js';

export interface OpenFile {
  readonly fd: number;
  readonly node: HostNode;
}

/** Open files by handle. The handle is the descriptor's number plus one, so that it is never 0. */
export class OpenFiles {
  readonly #files = new Map<number, OpenFile>();

  get size(): number {
    return this.#files.size;
  }

  add(node: HostNode, fd: number): Handle {
    const file = { fd, node };
    (node.files ??= []).push(file);
    this.#files.set(fd + 1, file);
    return (fd + 1) as Handle;
  }

  get(handle: Handle): OpenFile {
    const file = this.#files.get(handle);
    if (file === undefined) throw failure('EBADF');
    return file;
  }

  find(handle: Handle | undefined): OpenFile | undefined {
    return handle === undefined ? undefined : this.#files.get(handle);
  }

  /** The handle ends at once. `mayWait`: closing frees a removed file's blocks, which takes long when it was large. */
  remove(handle: Handle, mayWait: boolean): Promise<void> | undefined {
    const file = this.get(handle);
    this.#files.delete(handle);
    const rest = file.node.files?.filter((each) => each !== file);
    file.node.files = rest?.length ? rest : undefined;
    if (mayWait) return closeAsync(file.fd).then(() => undefined);
    close(file.fd);
    return undefined;
  }

  closeAll(): void {
    for (const { fd } of this.#files.values()) close(fd);
    this.#files.clear();
  }
}
