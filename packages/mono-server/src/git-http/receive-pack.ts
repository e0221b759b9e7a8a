import type { Handler } from '../http/context.js';
import { HttpFailure } from '../http/failure.js';
import { bodyStream } from '../http/request-body.js';
import { sendBytes } from '../http/reply.js';
import { knownTips } from '../mono/known-tips.js';
import type { ServerContext } from '../server-context.js';
import { authenticate } from './authenticate.js';
import { NO_CACHE } from './info-refs.js';
import { ProtocolError } from './pkt-line.js';
import { pushToDirectory } from './push-directory.js';
import { pushToImport } from './push-import.js';
import { Quarantine } from './quarantine.js';
import { isGoodRef, readReceiveRequest, ZERO, type ReceiveRequest } from './receive-commands.js';
import { statusReport, type Outcome } from './report.js';
import { repositoryPath } from './repository-url.js';

const NOTHING = new Uint8Array();
const CHALLENGE = { 'www-authenticate': 'Basic realm="Mega", Bearer realm="Mega"' };
const TYPE = { 'content-type': 'application/x-git-receive-pack-result', ...NO_CACHE };

/** POST …/git-receive-pack (§2.4). */
export const postReceivePack =
  (context: ServerContext): Handler =>
  async (c) => {
    const { mono, options } = context;
    const user = authenticate(c.env.incoming.headers.authorization, options.tokens ?? {});
    if (user === undefined) return sendBytes(c, 401, CHALLENGE, NOTHING);
    const path = repositoryPath(c, '/git-receive-pack');
    if (path === mono.importDir)
      throw new HttpFailure(400, 'Bad request: the import directory is no repository');
    let request: ReceiveRequest;
    try {
      request = await readReceiveRequest(bodyStream(c.env.incoming));
    } catch (error) {
      if (error instanceof ProtocolError)
        throw new HttpFailure(400, `Bad request: ${error.message}`);
      throw error;
    }
    const updates = request.commands.filter((command) => command.newOid !== ZERO);
    // Deleting answers 200 with nothing and deletes nothing (M62).
    if (updates.length === 0) return sendBytes(c, 200, TYPE, NOTHING);
    await using quarantine = await Quarantine.create(mono.store);
    const outcome = new Map<string, string | undefined>();
    for (const { ref, newOid } of request.commands) {
      if (newOid === ZERO) outcome.set(ref, 'deletion is not supported');
      else if (!isGoodRef(ref)) outcome.set(ref, 'funny refname');
    }
    let unpack = 'ok';
    try {
      await quarantine.unpack(request.pack);
    } catch (error) {
      unpack = error instanceof Error ? error.message : String(error);
      for (const { ref } of updates) outcome.set(ref, 'unpacker error');
    }
    if (unpack === 'ok') {
      const known = knownTips(mono);
      for (const { ref, newOid } of updates)
        if (!outcome.has(ref) && !(await quarantine.isConnected([newOid], known)))
          outcome.set(ref, 'missing necessary objects');
      const push = { path, user, quarantine, known, capabilities: request.capabilities };
      const accepted = updates.filter(({ ref }) => !outcome.has(ref));
      const results: Outcome = mono.isBelowImportDir(path)
        ? await pushToImport(mono, push, accepted)
        : await pushToDirectory(mono, push, accepted);
      for (const [ref, reason] of results) outcome.set(ref, reason);
    }
    return sendBytes(c, 200, TYPE, statusReport(unpack, outcome, request.capabilities));
  };
