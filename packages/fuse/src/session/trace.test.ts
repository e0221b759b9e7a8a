import { expect, test } from '@jest/globals';

import { OPERATIONS } from '../protocol/operations.js';
import { encodeRequest, ScriptedChannel } from './scripted-channel.js';
import { Session } from './session.js';
import { describeRequest, lineTracer } from './trace.js';

test('a request is one line, with the names of the table and the file’s name readable', () => {
  const fields = { fh: 3, offset: 4096, size: 10 };
  const b = encodeRequest('READ', { unique: 8n, node: 5, fields });
  expect(describeRequest(OPERATIONS.READ, b, b.length)).toBe(
    'READ #8 node=5 uid=1000 pid=4711 fh=3 offset=4096 size=10 read_flags=0 lock_owner=0 flags=0',
  );
  const name = Buffer.from('a\nü').toString('latin1');
  const lookup = encodeRequest('LOOKUP', { unique: 10n, names: [name] });
  expect(describeRequest(OPERATIONS.LOOKUP, lookup, lookup.length)).toBe(
    'LOOKUP #10 node=1 uid=1000 pid=4711 "a\\nü"',
  );
});

test('the switch shows requests and replies', () => {
  const lines: string[] = [];
  const channel = new ScriptedChannel();
  new Session({}, channel, { trace: lineTracer((line) => lines.push(line)) }).start();
  channel.init();
  channel.ask('STATFS');
  channel.ask('MKDIR', { names: ['d'] });
  expect(lines.slice(1).map((line) => line.replace(/ node=.*/, ''))).toEqual([
    '> STATFS #4',
    '< STATFS #4 0 96 bytes',
    '> MKDIR #6',
    '< MKDIR #6 -38 16 bytes',
  ]);
});
