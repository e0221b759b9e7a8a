import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';

interface Found {
  readonly manifest: Record<string, unknown>;
  readonly tarball: () => Buffer;
}

/**
 * A package registry on this host: the packages of a folder of tarballs, and those that are installed in a workspace.
 * A package manager that is pointed at it needs no network.
 */
export class LocalRegistry implements AsyncDisposable {
  readonly #server: Server;
  /** Name, then version. */
  readonly #packages = new Map<string, Map<string, Found>>();

  private constructor(tarballs: string, workspace: string) {
    for (const file of readdirSync(tarballs).map((name) => join(tarballs, name)))
      this.#add(
        execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' }),
        () => readFileSync(file),
      );
    const store = join(workspace, 'node_modules/.pnpm');
    for (const place of readdirSync(store).map((name) => join(store, name, 'node_modules')))
      for (const dir of installedIn(place))
        this.#add(readFileSync(join(dir, 'package.json'), 'utf8'), () => pack(dir));
    this.#server = createServer((request, response) => this.#answer(request.url ?? '', response));
  }

  static async start(tarballs: string, workspace: string): Promise<LocalRegistry> {
    const registry = new LocalRegistry(tarballs, workspace);
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #add(text: string, tarball: () => Buffer): void {
    const manifest = JSON.parse(text) as Record<string, unknown>;
    const { name, version } = manifest;
    if (typeof name !== 'string' || typeof version !== 'string') return;
    const versions = this.#packages.get(name) ?? new Map<string, Found>();
    if (!versions.has(version)) versions.set(version, { manifest, tarball });
    this.#packages.set(name, versions);
  }

  #answer(url: string, response: ServerResponse): void {
    const [name = '', version] = decodeURIComponent(url.slice(1)).split('/-/');
    const versions = this.#packages.get(name);
    if (versions === undefined) return void response.writeHead(404).end('{}');
    if (version !== undefined) return void response.end(versions.get(version)?.tarball());
    const list: Record<string, unknown> = {};
    for (const [key, { manifest }] of versions)
      list[key] = { ...manifest, dist: { tarball: `${this.url}/${name}/-/${key}` } };
    const latest = [...versions.keys()].at(-1);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, 'dist-tags': { latest }, versions: list }));
  }
}

/** Package directories in a `node_modules`; what is linked from elsewhere has its own place. */
function installedIn(place: string): string[] {
  if (!existsSync(place)) return [];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== '.bin')
    .flatMap(({ name }) =>
      name.startsWith('@') ? installedIn(join(place, name)) : [join(place, name)],
    )
    .filter((dir) => existsSync(join(dir, 'package.json')));
}

function pack(dir: string): Buffer {
  return execFileSync('tar', ['-C', dir, '--transform=s,^[.],package,', '-czf', '-', '.'], {
    maxBuffer: 256e6,
  });
}
