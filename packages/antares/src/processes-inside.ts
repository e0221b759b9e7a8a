import { spawn } from 'node:child_process';
import type { Process } from './engine.js';

const LIMIT_MS = 5000;
/** Reads links in /proc only: no file system is asked. It may hang on a stuck process, so it is a process of its own. */
const SCAN = `const fs = require('fs'), top = process.argv[1];
const inside = (p) => p === top || p.startsWith(top + '/');
const link = (p) => { try { return fs.readlinkSync(p); } catch { return ''; } };
const list = (p) => { try { return fs.readdirSync(p); } catch { return []; } };
for (const pid of list('/proc')) {
  if (!/^[0-9]+$/.test(pid)) continue;
  const d = '/proc/' + pid + '/';
  const links = function* () {
    yield d + 'cwd'; yield d + 'root'; yield d + 'exe';
    for (const f of list(d + 'fd')) yield d + 'fd/' + f;
    for (const f of list(d + 'map_files')) yield d + 'map_files/' + f;
  };
  for (const l of links()) if (inside(link(l))) {
    let name = '?'; try { name = fs.readFileSync(d + 'comm', 'utf8').trim(); } catch {}
    console.log(JSON.stringify({ pid: Number(pid), name })); break;
  }
}`;

/** Processes that have their directory, an open file, a program or a mapping below `mountpoint`. */
export async function processesInside(mountpoint: string): Promise<Process[]> {
  const child = spawn(process.execPath, ['-e', SCAN, mountpoint], {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const found: Process[] = [];
  for (const line of text.split('\n'))
    if (line.endsWith('}')) found.push(JSON.parse(line) as Process);
  return found;
}
