import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Four processes that write one database, in both journal modes. */
const SQLITE = `
import multiprocessing, sqlite3, sys
def work(name, mode, n):
    db = sqlite3.connect(name, timeout=60)
    for i in range(n):
        with db: db.execute('update t set v = v + 1')
    db.close()
name, n = sys.argv[1], int(sys.argv[2])
for mode in ('delete', 'wal'):
    file = name + '.' + mode
    db = sqlite3.connect(file)
    db.execute('pragma journal_mode=' + mode)
    with db:
        db.execute('create table t (v integer)')
        db.execute('insert into t values (0)')
    db.close()
    ps = [multiprocessing.Process(target=work, args=(file, mode, n)) for _ in range(4)]
    for p in ps: p.start()
    for p in ps: p.join()
    assert [p.exitcode for p in ps] == [0] * 4
    db = sqlite3.connect(file)
    assert db.execute('select v from t').fetchone() == (4 * n,)
    assert db.execute('pragma integrity_check').fetchone() == ('ok',)
`;

/** A shared mapping of one file in two processes, that outlives close and unlink. */
const MMAP = `
import mmap, os, sys
name, n = sys.argv[1], int(sys.argv[2])
fd = os.open(name, os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 4096 * n)
m = mmap.mmap(fd, 4096 * n)
os.close(fd)
pid = os.fork()
if pid == 0:
    f = os.open(name, os.O_RDWR)
    c = mmap.mmap(f, 4096 * n)
    for i in range(n): c[4096 * i] = 1 + i % 250
    c.flush()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert [m[4096 * i] for i in range(n)] == [1 + i % 250 for i in range(n)]
with open(name, 'rb') as f: assert f.read()[::4096] == bytes(1 + i % 250 for i in range(n))
os.unlink(name)
m[0] = 7
assert m[0] == 7
`;

/** Record locks (POSIX, open file description) and flock, held by one process and asked for by another (W-77). */
const LOCKS = `
import fcntl, os, struct, sys
name, n = sys.argv[1], int(sys.argv[2])
def whole(kind): return struct.pack('hhqqi4x', kind, 0, 0, 0, 0)
ways = [
    lambda fd: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB),
    lambda fd: fcntl.fcntl(fd, fcntl.F_OFD_SETLK if hasattr(fcntl, 'F_OFD_SETLK') else 37, whole(fcntl.F_WRLCK)),
    lambda fd: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB),
]
for lock in ways:
    held = os.open(name, os.O_RDWR | os.O_CREAT)
    lock(held)
    pid = os.fork()
    if pid == 0:
        mine = os.open(name, os.O_RDWR)
        try: lock(mine)
        except OSError as e: os._exit(e.errno)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 11, 'a second lock was granted'
    os.close(held)
# Mutual exclusion at work: nobody loses an addition.
with open(name, 'w') as f: f.write('0')
children = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        fd = os.open(name, os.O_RDWR)
        for _ in range(n):
            fcntl.lockf(fd, fcntl.LOCK_EX)
            v = int(os.pread(fd, 20, 0)) + 1
            os.pwrite(fd, str(v).encode(), 0)
            fcntl.lockf(fd, fcntl.LOCK_UN)
        os._exit(0)
    children.append(pid)
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
with open(name) as f: assert f.read() == str(4 * n)
`;

const SCRIPTS = { sqlite: SQLITE, mmap: MMAP, locks: LOCKS };

/** What Node has no calls for: databases, shared mappings, record locks. */
export async function inPython(
  what: keyof typeof SCRIPTS,
  directory: string,
  times: number,
): Promise<void> {
  const place = join(directory, 'python');
  await mkdir(place, { recursive: true });
  await run('python3', ['-c', SCRIPTS[what], join(place, what), String(times)]);
}
