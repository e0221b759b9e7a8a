import { describe, expect, test } from '@jest/globals';
import { createServer, type AddressInfo } from 'node:net';
import { Scratch } from './testing/scratch.js';

describe('mono', () => {
  test('issue 3 item 6: serves a repository until a signal, without any configuration file', async () => {
    await using scratch = new Scratch();
    const repo = scratch.repository({ 'README.md': '# here\n' });
    const mono = scratch.start(['mono', '--repo', repo, '--bind', '127.0.0.1:0']);
    const [, url = ''] = await mono.said(/^mono server running on (http:\S+)$/m);
    expect(await (await fetch(`${url}/api/v1/status`)).json()).toBe('http ready');
    mono.signal('SIGTERM');
    expect(await mono.ended).toBe(0);
    expect(mono.stdout).toBe(`mono server running on ${url}\n`);
  });

  test('a busy port is exit 4 with a hint', async () => {
    await using scratch = new Scratch();
    const server = createServer();
    await new Promise<void>((r) => server.listen(0, '127.0.0.1', r));
    const { port } = server.address() as AddressInfo;
    const repo = scratch.repository({ a: '' });
    const mono = scratch.start(['mono', '--repo', repo, '--bind', `127.0.0.1:${port}`]);
    expect(await mono.ended).toBe(4);
    expect(mono.stderr).toMatch(/^error: cannot listen on .*EADDRINUSE\nhint: .*port/);
    await new Promise((r) => server.close(r));
  });

  test.each([
    ['neither --repo nor --empty', [], /exactly one of --repo and --empty/],
    ['both', ['--repo', '.', '--empty'], /exactly one of --repo and --empty/],
    ['a bad token', ['--empty', '--token', 'x'], /expected USER:TOKEN/],
    ['a bad import', ['--empty', '--import', 'x'], /expected MONOREPO-PATH=REPOSITORY/],
  ])('%s is exit 2', async (_what, argv, words) => {
    await using scratch = new Scratch();
    const mono = scratch.start(['mono', ...argv]);
    expect(await mono.ended).toBe(2);
    expect(mono.stderr).toMatch(words);
  });
});
