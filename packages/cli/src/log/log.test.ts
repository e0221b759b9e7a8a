import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLogFilter } from '@scorpiofs/config';
import { canMount } from '@scorpiofs/fuse/testing';
import { chooseFilter } from './choose-filter.js';
import { jsonLine, textLine, timestamp, type LogEvent } from './log-line.js';
import { LogSink } from './log-sink.js';
import { Logging } from './logger.js';

interface Precedence {
  flag: string | null;
  env: Record<string, string>;
  file: string | null;
  shown: 'info' | 'warn';
  stderrFirst?: string;
}

const { precedence } = JSON.parse(
  readFileSync(new URL('../../fixtures/log-filters.json', import.meta.url), 'utf8'),
) as { precedence: Precedence[] };

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scorpio-log-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function filter(text: string) {
  const read = parseLogFilter(text);
  if ('reason' in read) throw new Error(read.reason);
  return read;
}

const event = (over: Partial<LogEvent> = {}): LogEvent => ({
  time: Date.UTC(2026, 6, 1, 8, 0, 0) + 123.456,
  level: 'info',
  target: 'scorpiofs::cli',
  message: 'server running on 127.0.0.1:2725',
  fields: {},
  ...over,
});

describe('which filter', () => {
  test.each(precedence)('LOG-01: flag $flag, environment $env, file $file', (c) => {
    // `SCORPIO_LOG_LEVEL` is the environment's form of the key, so it is in `configured` already.
    const { SCORPIO_LOG_LEVEL: variable, ...env } = c.env;
    const chosen = chooseFilter({
      flag: c.flag ?? undefined,
      env,
      configured: variable ?? c.file ?? undefined,
    });
    expect(chosen.filter).toEqual(filter(c.shown));
    expect(chosen.notice).toBe(c.stderrFirst);
  });

  test('LOG-07: a misspelt level is said, and `info` used', () => {
    const chosen = chooseFilter({ flag: 'inof', env: {} });
    expect(chosen.filter).toEqual(filter('info'));
    expect(chosen.notice).toMatch(/"inof".*did you mean "info".*falling back to "info"/);
  });
});

describe('a line', () => {
  test('LOG-05: time with six digits, level in five columns, message, fields, no target', () => {
    expect(textLine(event(), false)).toBe(
      '2026-07-01T08:00:00.123456Z  INFO server running on 127.0.0.1:2725',
    );
    const warned = event({
      level: 'warn',
      message: 'slow',
      fields: { path: '/a b', ms: 5, none: undefined },
    });
    expect(textLine(warned, false)).toBe('2026-07-01T08:00:00.123456Z  WARN slow path="/a b" ms=5');
    expect(timestamp(0)).toBe('1970-01-01T00:00:00.000000Z');
  });

  test('one event is one line and moves no terminal', () => {
    const hostile = event({ message: 'a\nb\u001b[2J', fields: { name: 'x\r\ny\u007f' } });
    expect(textLine(hostile, false)).toMatch(/^\P{Cc}*$/u);
    expect(jsonLine(hostile)).not.toContain('\n');
  });

  test('LOG-06: colours only where they are wanted', () => {
    expect(textLine(event(), false)).not.toContain('\u001b');
    expect(textLine(event(), true)).toContain('\u001b[32m INFO\u001b[0m');
  });

  test('--log-format json: one object with target and fields', () => {
    const line = jsonLine(event({ fields: { bytes: 5n, level: 'shadow' } }));
    expect(JSON.parse(line)).toEqual({
      timestamp: '2026-07-01T08:00:00.123456Z',
      level: 'info',
      target: 'scorpiofs::cli',
      message: 'server running on 127.0.0.1:2725',
      bytes: '5',
    });
  });

  test('nothing secret: credentials of URLs, and fields whose name says so', () => {
    const leaky = event({
      message: 'GET http://u:pw@h/',
      fields: { http_token: 'tok', url: 'http://u:pw@h' },
    });
    expect(textLine(leaky, false) + jsonLine(leaky)).not.toMatch(/pw@|tok\b/);
  });
});

/** A pipe with a name, so that both ends are ours; the reader never waits. */
function pipe() {
  const path = join(dir, 'fifo');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, 'w') };
}

/** What is in the pipe now. */
function readNow(fd: number): string {
  const buffer = Buffer.alloc(1 << 16);
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer));
  } catch {
    return '';
  }
}

describe('the logger', () => {
  function toFile(options: { filter: string; format?: 'text' | 'json' }) {
    const path = join(dir, 'log');
    const fd = openSync(path, 'w');
    const sink = new LogSink(fd);
    const logging = new Logging({
      filter: filter(options.filter),
      format: options.format ?? 'text',
      colour: false,
      sink,
    });
    return {
      logging,
      read: async () => {
        await logging[Symbol.asyncDispose]();
        closeSync(fd);
        return readFileSync(path, 'utf8');
      },
    };
  }

  test('LOG-02, LOG-03: targets are filtered by prefix, and others silenced', async () => {
    const { logging, read } = toFile({ filter: 'scorpiofs::dicfuse=debug,warn' });
    logging.for('scorpiofs::dicfuse::store').debug('one');
    logging.for('scorpiofs::dicfuse').trace('not this');
    logging.for('scorpiofs::cli').info('nor this');
    logging.for('scorpiofs::cli').error('two', { reason: 'x' });
    expect(
      (await read())
        .trimEnd()
        .split('\n')
        .map((l) => l.slice(28)),
    ).toEqual(['DEBUG one', 'ERROR two reason=x']);
  });

  test('LOG-08: what is not wanted costs no formatting', async () => {
    const { logging, read } = toFile({ filter: 'info' });
    const log = logging.for('rfuse3::raw::logfs');
    expect(log.enabled('debug')).toBe(false);
    const fields = {
      get path(): string {
        throw new Error('looked at');
      },
    };
    log.debug('request', fields);
    expect(await read()).toBe('');
  });

  test('everything logged before the end is written, in order', async () => {
    const { logging, read } = toFile({ filter: 'info', format: 'json' });
    const log = logging.for('scorpiofs::cli');
    for (let i = 0; i < 2000; i++) log.info('event', { i });
    const lines = (await read()).trimEnd().split('\n');
    expect(lines.map((l) => (JSON.parse(l) as { i: number }).i)).toEqual([...Array(2000).keys()]);
  });

  test('a pipe that nobody reads: no line waits, lines are lost and counted, and said once there is room', async () => {
    const { reader, writer } = pipe();
    const sink = new LogSink(writer);
    await using logging = new Logging({
      filter: filter('info'),
      format: 'text',
      colour: false,
      sink,
    });
    const log = logging.for('scorpiofs::cli');
    const line = 'x'.repeat(1000);
    for (let i = 0; i < 1500; i++) {
      log.info(line);
      if (i % 100 === 0) await new Promise((r) => setImmediate(r));
    }
    // Getting here is the proof that nothing waited: nobody has read a byte.
    expect(sink.dropped).toBeGreaterThan(0);
    let text = '';
    const reading = setInterval(() => (text += readNow(reader)), 2);
    await logging.drain(120_000);
    log.info('after');
    await logging.drain(120_000);
    clearInterval(reading);
    text += readNow(reader);
    expect(text.split('\n').slice(-3).join('\n')).toMatch(
      /WARN log lines were lost because the output did not take them count=\d+\n.* INFO after\n$/,
    );
    closeSync(reader);
    closeSync(writer);
  });

  test('K-40: a pipe whose reader has gone is given up quietly', async () => {
    const { reader, writer } = pipe();
    const sink = new LogSink(writer);
    closeSync(reader);
    await using logging = new Logging({
      filter: filter('info'),
      format: 'text',
      colour: false,
      sink,
    });
    for (let i = 0; i < 3; i++) {
      logging.for('scorpiofs::cli').info('nobody');
      await logging.drain(200);
    }
    expect(sink.destroyed).toBe(false);
    closeSync(writer);
  });

  const full = existsSync('/dev/full') ? test : test.skip;
  full(
    'K-40: a full disk is no crash, the line is counted as lost (skipped without /dev/full)',
    async () => {
      const device = openSync('/dev/full', 'w');
      const sink = new LogSink(device);
      {
        await using logging = new Logging({
          filter: filter('info'),
          format: 'text',
          colour: false,
          sink,
        });
        logging.for('scorpiofs::cli').info('lost');
        await logging.drain();
        expect(sink.dropped).toBe(1);
      }
      closeSync(device);
    },
  );

  (canMount() ? test : test.skip)(
    'K-40: a file on a full disk loses lines, never waits, and goes on once there is room (skipped without root)',
    async () => {
      const disk = join(dir, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk], { timeout: 120_000 });
      const file = openSync(join(disk, 'log'), 'a');
      try {
        const sink = new LogSink(file);
        await using logging = new Logging({
          filter: filter('info'),
          format: 'text',
          colour: false,
          sink,
        });
        const log = logging.for('scorpiofs::cli');
        for (let i = 0; i < 50; i++) log.info('x'.repeat(1000));
        await logging.drain();
        const lost = sink.dropped;
        expect(lost).toBeGreaterThan(30);
        // No whole line: what comes next must not be a part of the torn one.
        expect(readFileSync(join(disk, 'log'), 'utf8')).not.toMatch(/\n$/);
        ftruncateSync(file);
        log.info('after');
        await logging.drain();
        const text = readFileSync(join(disk, 'log'), 'utf8');
        expect(text[0]).toBe('\n');
        const lines = text.trim().split('\n');
        expect(lines.map((l) => l.slice(28).trim())).toEqual([
          expect.stringMatching(/^WARN log lines were lost .* count=\d+$/) as unknown,
          'INFO after',
        ]);
        expect(sink.dropped).toBe(lost);
      } finally {
        closeSync(file);
        execFileSync('umount', [disk], { timeout: 120_000 });
      }
    },
  );
});
