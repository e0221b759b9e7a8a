import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startMonoServer, type MonoServer } from './server.js';
import { Comparison } from './testing/compare.js';
import { seedLikeRecording, type Seeded } from './testing/mega-content.js';
import { dialogue, recorded, type Answer, type Question } from './testing/recorded.js';
import { tempDir } from './testing/temp-dir.js';

/**
 * Ids outside the bundle that content alone decides, so that they must be the recorded ones: directories of a new server, what was
 * pushed and edited. Not among them are the new server's own files `.mega_cedar.json`, `.cedar` and `.buckconfig`: their content was not
 * recorded, so this server has its own.
 */
const FIXED = new Set([
  'f7510c00b6df22ca2995309193f9e7ffcea99f2c',
  'b242a832e6839d0751fd6b6b14a2802a1f5e4c79',
  '1363a5f4fae6b77959d5238c46a7c86cda332734',
  'afff6026cbd0c96177c593ff71f92a563f354c3b',
  'bb8df2b0842dbff8a62babbc85579cccd421a089',
  'd5f7fc3f74f7dec08280f370a975b112e8f60818',
  'd5d2ed89bb4a652ad84e3b4f3cabcd61cd0a42fc',
  '099e6a0d3346c0fd65f66eb3505079890ad2281e',
  '730407143e19bffb434f6bdf41418c3fbba5adfa',
  '05cfd7fae9b4b92d0a859c72459c48f4ed375c14',
  '366fd408dbff9779f4122ed55d2d5962304b8b9f',
  '42061c01a1c70097d1e4579f29a5adf40abdec95',
]);

/** Where the recorded server fails on a valid question: what is right instead. */
const CORRECT: Readonly<Record<string, { readonly status: number; readonly data?: unknown }>> = {
  "tree/content-hash:/third-party/it's": { status: 200, data: [] },
  'tree:/third-party/smallish': { status: 200 },
  'tree/commit-info:/third-party/smallish': { status: 200, data: [] },
  "tree/path-can-clone:/third-party/it's": { status: 200, data: false },
  'file/tree:/third-party/smallish': { status: 200 },
  "file/tree:/third-party/it's": { status: 200 },
  'latest-commit:/third-party/smallish': { status: 404, data: null },
  'blob:/third-party/smallish': { status: 200, data: null },
  'third:latest:refs={root_commit}': { status: 400, data: null },
  'third:latest:refs=v1': { status: 200 },
  'cl:unknown:update-status': { status: 404, data: null },
  'create-import': { status: 400, data: null },
  'create-existing': { status: 400, data: null },
};

const TOKEN = '2f0c7d1e-ada';
let server: MonoServer;
let work: Awaited<ReturnType<typeof tempDir>>;
let seeded: Seeded;

beforeAll(async () => {
  work = await tempDir();
  server = await startMonoServer({ empty: true, tokens: { [TOKEN]: 'ada' } });
  seeded = await seedLikeRecording(server.url, TOKEN, work.path);
});

afterAll(async () => {
  await server.close();
  await work[Symbol.asyncDispose]();
});

function ask(question: Question, fill: (text: string) => string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body } = question;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(question.headers ?? {})) headers[name] = fill(value);
    const text =
      body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    if (body !== undefined && typeof body !== 'string')
      headers['Content-Type'] = 'application/json';
    const sent = httpRequest(
      server.url + encodeURI(fill(question.path)).replaceAll('%25', '%'),
      { method: question.method, headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const type = answer.headers['content-type'] ?? '';
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers as Record<string, string>,
            text: bytes.toString('utf8'),
            base64: bytes.toString('base64'),
            ...(/json/.test(type) && bytes.length > 0
              ? { json: JSON.parse(bytes.toString('utf8')) as unknown }
              : {}),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(text === undefined ? undefined : fill(text));
  });
}

function member(json: unknown, path: string): string {
  let at = json;
  for (const name of path.split('.')) at = (at as Record<string, unknown>)[name];
  return String(at);
}

describe('answers recorded from a real Mega server', () => {
  test('M01–M62: every question of the dialogue gets the recorded answer, or the correct one where that is a fault', async () => {
    const vars: Record<string, string> = { ...recorded.vars, clpush: seeded.clpush };
    delete vars['cl1'];
    const listing = await fetch(`${server.url}/api/v1/tree/content-hash?path=/third-party`);
    vars['placeholder'] = member(await listing.json(), 'data.0.oid');
    const fixed = (oid: string): boolean => seeded.bundled.has(oid) || FIXED.has(oid);
    const comparison = new Comparison(fixed);
    const problems: string[] = [];
    for (const [i, question] of dialogue.entries()) {
      const fill = (text: string): string =>
        text.replaceAll(/\{(\w+)\}/g, (all, name: string) => vars[name] ?? all);
      const answer = await ask(question, fill);
      const recording = recorded.answers[i];
      expect(recording?.id).toBe(question.id);
      for (const [name, path] of Object.entries(question.save ?? {}))
        vars[name] = member(answer.json, path);
      if (vars['root_commit'] !== undefined) vars['root_short'] = vars['root_commit'].slice(0, 8);
      const correct = CORRECT[question.id];
      if (recording?.fault !== undefined) {
        const json = answer.json as { data?: unknown } | undefined;
        if (correct === undefined || answer.status !== correct.status)
          problems.push(`${question.id}: a fault answered ${answer.status}`);
        else if (correct.data !== undefined)
          if (JSON.stringify(json?.data) !== JSON.stringify(correct.data))
            problems.push(`${question.id}: ${JSON.stringify(json)}`);
      } else if (recording !== undefined)
        for (const problem of comparison.answer(recording.answer, answer))
          problems.push(`${question.id} ${problem}`.slice(0, 700));
    }
    expect(problems).toEqual([]);
  });
});
