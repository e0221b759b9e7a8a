import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { O } from './arch.js';
import { close } from './io.js';
import { AT_FDCWD, openat } from './openat.js';

/** For tests: a folder of its own with a descriptor on it; both go when the block ends. */
export class Scratch implements Disposable {
  readonly path = fs.mkdtempSync(path.join(os.tmpdir(), 'posix-'));
  readonly fd = openat(AT_FDCWD, this.path, O.O_DIRECTORY);

  file(name: string, content = ''): string {
    const file = path.join(this.path, name);
    fs.writeFileSync(file, content);
    return file;
  }

  [Symbol.dispose](): void {
    close(this.fd);
    fs.rmSync(this.path, { recursive: true, force: true });
  }
}
