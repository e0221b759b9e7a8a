// The embedded server in a process of its own: node server-process.mjs REPO [plain]. Sends its URL; ends with its parent.
import { startMonoServer } from '../../../packages/mono-server/dist/index.js';

const [repo, extension] = process.argv.slice(2);
const server = await startMonoServer({ repo, extension: extension !== 'plain' });
process.send({ url: server.url });
process.on('disconnect', () => void server.close().then(() => process.exit()));
