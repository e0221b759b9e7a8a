import { expect, test } from '@jest/globals';
import { Agent, request } from 'node:http';
import { startMonoServer } from './server.js';
import { sampleRepository } from './testing/sample-repository.js';
import { tempDir } from './testing/temp-dir.js';

test('M66: HEAD keeps its connection', async () => {
  await using dir = await tempDir();
  await sampleRepository(dir.path);
  await using server = await startMonoServer({ repo: dir.path });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const reused: boolean[] = [];
  for (let round = 0; round < 4; round += 1)
    await new Promise<void>((resolve, reject) => {
      const asked = request(`${server.url}/api/v1/status`, { method: 'HEAD', agent }, (answer) => {
        reused.push(asked.reusedSocket);
        answer.on('end', resolve).resume();
      });
      asked.on('error', reject).end();
    });
  agent.destroy();
  expect(reused).toEqual([false, true, true, true]);
});
