import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scorpioProgram } from '../programs.js';
import { runProgram } from '../run-program.js';
import { Recorder } from '../testing/recorder.js';
import { directory } from './directory-checks.js';
import { fuseConf, fuseDevice, fuseFilesystem, mayMount, mountMethod } from './fuse-checks.js';
import { descriptors, kernelVersion, nodeVersion, wakeUps } from './host-checks.js';
import { httpAddress } from './port-check.js';
import { megaApi, reachable } from './server-checks.js';

interface Recorded {
  title: string;
  checks: string[];
  critical: boolean[];
  lines: Record<string, Record<string, string | string[]>>;
  summary: Record<string, string>;
}

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/doctor.json', import.meta.url), 'utf8'),
) as Recorded;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-doctor-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function doctor(env: Record<string, string> = {}, argv: string[] = []) {
  const output = new Recorder();
  const places = {
    SCORPIO_WORKSPACE: `${dir}/mnt`,
    SCORPIO_STORE_PATH: `${dir}/store`,
    SCORPIO_CONFIG_FILE: `${dir}/config.toml`,
    SCORPIO_ANTARES_UPPER_ROOT: `${dir}/upper`,
    SCORPIO_ANTARES_CL_ROOT: `${dir}/cl`,
    SCORPIO_ANTARES_MOUNT_ROOT: `${dir}/a`,
    SCORPIO_ANTARES_STATE_FILE: `${dir}/state.toml`,
    SCORPIO_BASE_URL: 'http://127.0.0.1:9',
    SCORPIO_LFS_URL: 'http://127.0.0.1:9',
    SCORPIO_HTTP_ADDR: '127.0.0.1:0',
  };
  const context = { env: { PATH: process.env['PATH'] ?? '', ...places, ...env }, output };
  const code = await runProgram(scorpioProgram(), ['doctor', ...argv], context);
  return { code, stdout: output.stdout, stderr: output.stderr };
}

const checks = (text: string) =>
  [...text.matchAll(/^\[( OK |WARN|FAIL)\] ([^:]+): (.*)$/gm)].map(([, tag, name, detail]) => ({
    tag,
    name,
    detail,
  }));

describe('the report', () => {
  test('DOC-01: title, the nine recorded checks first and in order, summary; nothing on stderr', async () => {
    const { code, stdout, stderr } = await doctor();
    expect(stdout.startsWith(`${fixture.title}\n\n`)).toBe(true);
    expect(
      checks(stdout)
        .slice(0, 9)
        .map((c) => c.name),
    ).toEqual(fixture.checks);
    expect(stdout.endsWith(`\n\n${fixture.summary[String(code)]!.replace('N ', '1 ')}\n`)).toBe(
      true,
    );
    expect(stderr).toBe('');
  });

  test('DOC-03: a place that cannot be written fails, exit 1, and nothing is left', async () => {
    writeFileSync(`${dir}/file`, 'x');
    const { code, stdout } = await doctor({ SCORPIO_STORE_PATH: `${dir}/file` });
    expect(code).toBe(1);
    expect(stdout).toContain(`[FAIL] store_path: ${dir}/file: not a directory\n`);
    expect(stdout).toMatch(/\n1 critical check\(s\) failed\.\n$/);
    expect(readdirSync(dir)).toEqual(['file']);
  });

  test('DOC-05: a missing or broken configuration is a check like the others', async () => {
    const none = await doctor();
    expect(checks(none.stdout).find((c) => c.name === 'config')?.tag).toBe('WARN');
    writeFileSync(`${dir}/bad.toml`, 'load_dir_depth = "x"\n');
    const bad = await doctor({}, ['-c', `${dir}/bad.toml`]);
    expect(bad.code).toBe(1);
    expect(checks(bad.stdout).find((c) => c.name === 'config')).toMatchObject({
      tag: 'FAIL',
      detail: expect.stringContaining("'load_dir_depth'"),
    });
    expect(checks(bad.stdout)).toHaveLength(checks(none.stdout).length);
    const missing = await doctor({}, ['-c', `${dir}/none.toml`]);
    expect(missing.stdout).toContain('No such file or directory');
  });

  test('DOC-06: --json has the same checks with hints', async () => {
    const { stdout } = await doctor({}, ['--json']);
    const report = JSON.parse(stdout) as {
      ok: boolean;
      checks: { name: string; status: string; critical: boolean }[];
    };
    expect(report.checks.slice(0, 9).map((c) => c.name)).toEqual(fixture.checks);
    const names = report.checks.map((c) => c.name);
    for (const name of [
      'config',
      'node',
      'kernel',
      'fuse access',
      'mount method',
      'directory of antares_state_file',
      'disk space',
      'mega api',
      'lfs server',
      'http address',
      'wake-ups',
    ])
      expect(names).toContain(name);
  });
});

describe('FUSE', () => {
  test('DOC-01: the recorded words', () => {
    expect(fuseDevice('/dev/null').detail).toBe('/dev/null is present');
    const missing = fuseDevice(`${dir}/none`);
    expect(missing).toMatchObject({ status: 'fail', critical: true });
    expect(missing.detail.replace(`${dir}/none`, '/dev/fuse')).toBe(
      fixture.lines['fuse device']!['FAIL'],
    );
  });

  test('DOC-02: `fuseblk` alone is not `fuse`, and a comment is not a setting', () => {
    const list = join(dir, 'filesystems');
    writeFileSync(list, 'nodev\tsysfs\n\tfuseblk\nnodev\tfusectl\n');
    expect(fuseFilesystem(list).status).toBe('warn');
    writeFileSync(list, 'nodev\tfuse\n');
    expect(fuseFilesystem(list).detail).toBe('kernel supports fuse');
    const conf = join(dir, 'fuse.conf');
    writeFileSync(conf, '#user_allow_other\n');
    expect(fuseConf(false, conf).detail).toBe(fixture.lines['/etc/fuse.conf']!['WARN']);
    writeFileSync(conf, '# x\n  user_allow_other  \n');
    expect(fuseConf(false, conf).detail).toBe(fixture.lines['/etc/fuse.conf']!['OK']);
    expect(fuseConf(true, join(dir, 'none')).status).toBe('warn');
  });

  test('K-18: says which way mounts will be made', () => {
    expect(mayMount('CapEff:\t000001ffffffffff\n')).toBe(true);
    expect(mayMount('CapEff:\t0000000000000000\n')).toBe(false);
    expect(mountMethod('/nowhere', true).status).toBe('ok');
    expect(mountMethod('/nowhere', false)).toMatchObject({ status: 'fail', critical: true });
    writeFileSync(join(dir, 'fusermount3'), '', { mode: 0o755 });
    expect(mountMethod(`/nowhere:${dir}`, false).detail).toContain(`${dir}/fusermount3`);
  });
});

describe('directories', () => {
  test('DOC-03: the probe empties no file and stays nowhere', () => {
    mkdirSync(join(dir, 'd'));
    writeFileSync(join(dir, 'd/keep'), 'kept');
    expect(directory('x', join(dir, 'd'))).toMatchObject({
      status: 'ok',
      detail: `${dir}/d is writable`,
    });
    expect(readdirSync(join(dir, 'd'))).toEqual(['keep']);
    expect(readFileSync(join(dir, 'd/keep'), 'utf8')).toBe('kept');
  });

  test('K-06: what does not exist is not made', () => {
    expect(directory('x', join(dir, 'a/b')).status).toBe('ok');
    expect(readdirSync(dir)).toEqual([]);
    writeFileSync(join(dir, 'f'), '');
    expect(directory('x', join(dir, 'f/b')).status).toBe('fail');
  });

  test('DOC-03: not writable, with the system’s reason', () => {
    const found = directory('x', '/proc/self');
    expect(found.status).toBe('fail');
    expect(found.detail).toMatch(/^\/proc\/self: not writable: .* \(os error \d+\)$/);
  });
});

describe('servers', () => {
  let server: Server;
  let url = '';
  const silent: (() => void)[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url ?? '';
      if (path.startsWith('/500')) response.writeHead(500).end();
      else if (path.startsWith('/loop')) response.writeHead(302, { location: '/loop' }).end();
      else if (path.startsWith('/silent')) silent.push(() => response.end());
      else if (path === '/mega/api/v1/status') response.end('"http ready"');
      else response.writeHead(404).end('nothing');
    });
    await new Promise<void>((r) => server.listen(0, '127.0.0.1', r));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    for (const end of silent) end();
    server.closeAllConnections();
    await new Promise((r) => server.close(r));
  });

  test('DOC-04: any status is reachable; a redirect loop, silence and refusal are warnings, bounded in time', async () => {
    expect(await reachable('m', `${url}/500`)).toMatchObject({
      status: 'ok',
      detail: `${url}/500 reachable (HTTP 500)`,
    });
    expect((await reachable('m', `${url}/x`)).status).toBe('ok');
    expect((await reachable('m', `${url}/loop`)).status).toBe('warn');
    expect(await reachable('m', 'http://127.0.0.1:9')).toMatchObject({
      status: 'warn',
      critical: false,
    });
    // Nobody ever answers that: without its limit it would not end.
    expect((await reachable('m', `${url}/silent`, 200)).status).toBe('warn');
  });

  test('DOC-04, K-23: something that answers but is no Mega server is flagged', async () => {
    expect((await megaApi(`${url}/mega`)).status).toBe('ok');
    expect((await megaApi(`${url}/500`)).status).toBe('warn');
  });

  test('K-44: credentials are used and not shown', async () => {
    const found = await reachable('m', url.replace('http://', 'http://me:pw@'));
    expect(found.status).toBe('ok');
    expect(found.detail).not.toContain('pw');
  });

  test('K-23: a busy address is told apart from a running daemon', async () => {
    const { port } = server.address() as AddressInfo;
    expect((await httpAddress(`127.0.0.1:${port}`)).status).toBe('warn');
    expect((await httpAddress('127.0.0.1:0')).status).toBe('ok');
    expect((await httpAddress('192.0.2.1:1')).status).toBe('warn');
  });
});

describe('the host', () => {
  test('old programs and limits are named', () => {
    expect(nodeVersion('18.20.1').status).toBe('fail');
    expect(nodeVersion('20.18.3').status).toBe('fail');
    expect(nodeVersion('20.19.0').status).toBe('ok');
    expect(kernelVersion(true, '6.8.0-49-generic').detail).toContain('no FUSE passthrough');
    expect(kernelVersion(true, '6.9.1').detail).toContain('can be used');
    expect(kernelVersion(false, '7.0.0').detail).toContain('CAP_SYS_ADMIN');
    const limits = (hard: string) =>
      `Max open files            1024                 ${hard}              files\n`;
    expect(descriptors(limits('20000')).status).toBe('warn');
    expect(descriptors(limits('524288')).status).toBe('ok');
  });

  test('fuse-transport §1: a virtual machine whose CPUs halt at once is named, with what to do', () => {
    const virtual = 'flags\t\t: fpu hypervisor sse\n';
    expect(wakeUps({ halt: '0', governor: 'haltpoll', flags: virtual })).toMatchObject({
      status: 'warn',
      hint: expect.stringContaining('echo 2000000'),
    });
    expect(wakeUps({ halt: '200000', governor: 'haltpoll', flags: virtual }).status).toBe('ok');
    expect(wakeUps({ halt: undefined, governor: '', flags: virtual }).hint).toContain('modprobe');
    expect(wakeUps({ halt: '0', governor: 'menu', flags: 'flags : fpu\n' }).status).toBe('ok');
  });
});
