import { expect, jest, test } from '@jest/globals';
import { Agent, request } from 'node:http';
import { startMonoServer } from './server.js';
import { git } from './testing/git.js';
import { sampleRepository } from './testing/sample-repository.js';
import { tempDir } from './testing/temp-dir.js';

test('M66: HEAD is answered once, and keeps its connection', async () => {
  await using dir = await tempDir();
  await sampleRepository(dir.path);
  const oid = await git(dir.path, 'rev-parse', 'HEAD:src/a.ts');
  await using server = await startMonoServer({ repo: dir.path });
  // Where an answer is sent a second time, the adapter says so here, and may close the connection.
  const complaints = jest.spyOn(console, 'error').mockImplementation(() => {});
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const reused: boolean[] = [];
  for (let round = 0; round < 4; round += 1)
    await new Promise<void>((resolve, reject) => {
      const url = `${server.url}/api/v1/file/blob/${oid}`;
      const asked = request(url, { method: 'HEAD', agent }, (answer) => {
        reused.push(asked.reusedSocket);
        answer.on('end', resolve).resume();
      });
      asked.on('error', reject).end();
    });
  agent.destroy();
  expect(complaints).not.toHaveBeenCalled();
  complaints.mockRestore();
  expect(reused).toEqual([false, true, true, true]);
});
