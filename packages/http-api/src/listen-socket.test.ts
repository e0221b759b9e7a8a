import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { listenSocket } from './listen.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-socket-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const app = new Hono().get('/x', (c) => c.text('served'));

async function get(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: path, path: '/x', agent: false }, (answer) => {
      answer.on('data', (chunk) => resolve(String(chunk)));
    });
    call.on('error', reject);
    call.end();
  });
}

describe('the Unix socket (D8)', () => {
  test('serves this user, with mode 0600, and is gone after closing', async () => {
    const path = join(dir, 'scorpio.sock');
    const socket = await listenSocket(app, path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await get(path)).toBe('served');
    expect(await socket.close(60_000)).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  test('the socket of a daemon that died is replaced, a living one and anything else is not', async () => {
    const path = join(dir, 'scorpio.sock');
    // Bound and never removed, as SIGKILL leaves it.
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(existsSync(path)).toBe(true);
    const socket = await listenSocket(app, path);
    await expect(listenSocket(app, path)).rejects.toMatchObject({
      code: 'HTTP_BIND',
      message: expect.stringContaining('another daemon'),
    });
    expect(await get(path)).toBe('served');
    await socket.close(60_000);
    writeFileSync(path, 'mine');
    await expect(listenSocket(app, path)).rejects.toThrow('something else is there');
    expect(readdirSync(dir)).toEqual(['scorpio.sock']);
  });

  test('a path that cannot be one is an error, and no other place is listened on', async () => {
    await expect(listenSocket(app, join(dir, 'no/such.sock'))).rejects.toThrow(/failed to bind /);
    await expect(listenSocket(app, join(dir, 'x'.repeat(120)))).rejects.toThrow('107 bytes');
    expect(readdirSync(dir)).toEqual([]);
  });
});
