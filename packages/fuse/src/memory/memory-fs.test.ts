import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { DirectClient } from '../testing/direct-client.js';
import { runBehaviour } from '../testing/behaviour.js';
import { MemoryFs } from './memory-fs.js';

runBehaviour({ describe, test, beforeAll, afterAll }, 'MemoryFs', 'direct', {
  create: async () => ({ client: new DirectClient(new MemoryFs(), { uid: 0, gid: 0 }) }),
});
