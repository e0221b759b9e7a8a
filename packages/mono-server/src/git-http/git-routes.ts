import type { Hono } from 'hono';
import type { AppEnv } from '../http/context.js';
import { rawPath } from '../http/raw-path.js';
import { sendBytes } from '../http/reply.js';
import type { ServerContext } from '../server-context.js';
import { getInfoRefs } from './info-refs.js';
import { postReceivePack } from './receive-pack.js';
import { postUploadPack } from './upload-pack.js';

/** Every directory is a repository (§2.1); whatever is no git request either ends here, too. */
export function gitRoutes(app: Hono<AppEnv>, context: ServerContext): void {
  const infoRefs = getInfoRefs(context);
  const uploadPack = postUploadPack(context);
  const receivePack = postReceivePack(context);
  app.all('*', (c) => {
    const path = rawPath(c);
    const method = c.env.incoming.method;
    if ((method === 'GET' || method === 'HEAD') && path.endsWith('/info/refs')) return infoRefs(c);
    if (method === 'POST' && path.endsWith('/git-upload-pack')) return uploadPack(c);
    if (method === 'POST' && path.endsWith('/git-receive-pack')) return receivePack(c);
    return sendBytes(c, 404, {}, Buffer.from('Operation not supported'));
  });
}
