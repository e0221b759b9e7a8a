import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../../dist/index.js', import.meta.url);
const objects = new URL('../../../objects/dist/index.js', import.meta.url);

const HEAD = `
  const { Store } = await import(${JSON.stringify(built.href)});
  const { hashObject } = await import(${JSON.stringify(objects.href)});
  const blob = (size, seed) => {
    const data = Buffer.alloc(size, seed % 251);
    if (size >= 4) data.writeUInt32LE(seed, 0);
    return { data, oid: hashObject('blob', data) };
  };
  const store = await Store.open(process.argv[1], JSON.parse(process.argv[2]));
  const say = (line) => process.stdout.write(line + '\\n');
`;

/** For tests: another process that has the store open and runs `code` (with `store`, `blob`, `say`), from `dist`. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly lines: string[] = [];
  #errors = '';

  constructor(storePath: string, code: string, options: object = {}) {
    if (!existsSync(fileURLToPath(built))) throw new Error('build first: npx tsc -b');
    this.#process = spawn(
      process.execPath,
      ['--input-type=module', '-e', HEAD + code, storePath, JSON.stringify(options)],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    let rest = '';
    this.#process.stdout?.on('data', (data: Buffer) => {
      const lines = (rest + data.toString()).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    this.#process.stderr?.on('data', (data: Buffer) => (this.#errors += data.toString()));
  }

  /** When it has said so; rejects when it ends before that. */
  async said(line: string): Promise<void> {
    while (!this.lines.includes(line)) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null)
        throw new Error(`ended without saying ${line}: ${this.#errors}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Its exit code. */
  async ended(): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
    if (this.#process.exitCode !== 0 && this.#process.signalCode === null)
      throw new Error(`exit ${this.#process.exitCode}: ${this.#errors}`);
    return this.#process.exitCode;
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
