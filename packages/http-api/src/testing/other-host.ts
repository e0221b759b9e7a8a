import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Of this process alone: other runs of the tests have cables too. */
const NET = `10.213.${(process.pid >> 6) & 255}.`;
const FIRST = (process.pid & 63) * 4;

/** A network of its own with one cable to this host: whoever asks from there is no local caller. Needs root. */
export class OtherHost implements AsyncDisposable {
  /** This host's address at its end of the cable. */
  static readonly here = `${NET}${FIRST + 1}`;
  readonly #holder: ChildProcess;

  static async start(): Promise<OtherHost> {
    // The network lives as long as this process; the cable goes with it.
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo up; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(holder.stdout, 'data');
    const host = new OtherHost(holder);
    const near = `sc${process.pid}`;
    try {
      const peer = ['type', 'veth', 'peer', 'name', 'far', 'netns', String(holder.pid)];
      await run('ip', ['link', 'add', near, ...peer]);
      await run('ip', ['addr', 'add', `${OtherHost.here}/30`, 'dev', near]);
      await run('ip', ['link', 'set', near, 'up']);
      await host.#inside('ip', 'addr', 'add', `${NET}${FIRST + 2}/30`, 'dev', 'far');
      await host.#inside('ip', 'link', 'set', 'far', 'up');
      return host;
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** Status and body of a request from there; header lines as of curl. */
  async ask(url: string, ...headers: readonly string[]): Promise<[status: number, body: string]> {
    const lines = headers.flatMap((line) => ['-H', line]);
    const curl = ['curl', '-sS', '--max-time', '120', '-w', '\n%{http_code}', ...lines, url];
    const text = await this.#inside(...curl);
    const at = text.lastIndexOf('\n');
    return [Number(text.slice(at + 1)), text.slice(0, at)];
  }

  async #inside(...command: readonly string[]): Promise<string> {
    return (await run('nsenter', ['-t', String(this.#holder.pid), '-n', ...command])).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await gone;
  }
}
