import { spawn } from 'node:child_process';
import { serve, type TestServer } from './serve.js';

/** Real git repositories below `root` over HTTP, by git's own server program. Notes the headers of each request. */
export async function gitHttp(
  root: string,
  seen: NodeJS.Dict<string | string[]>[],
): Promise<TestServer> {
  return await serve((request, response, body) => {
    seen.push(request.headers);
    const { pathname, search } = new URL(request.url ?? '', 'http://x');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        CONTENT_LENGTH: String(body.length),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.stdin.on('error', () => {});
    child.stdin.end(body);
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.on('close', () => {
      const output = Buffer.concat(pieces);
      const end = output.indexOf('\r\n\r\n');
      const lines = output.toString('latin1', 0, end).split('\r\n');
      const headers = lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      });
      const { status, ...others } = Object.fromEntries(headers);
      response.writeHead(status === undefined ? 200 : Number.parseInt(status, 10), others);
      response.end(output.subarray(end + 4));
    });
  });
}
