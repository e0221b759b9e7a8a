import { request, type RequestOptions } from 'node:http';
import { formatAddress, parseAddress, type Config } from '@scorpiofs/config';
import { socketPath } from './socket.js';

export interface DaemonAnswer {
  readonly status: number;
  readonly text: string;
}

export interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the prefix: `/mounts`. */
  readonly path: string;
  readonly body?: unknown;
}

interface Place {
  readonly options: RequestOptions;
  readonly prefix: string;
}

/**
 * Asks the running daemon of this configuration: its socket, that of `antares`, then `http_addr` on this host (design §7). Undefined: none runs. No time limit:
 * making a view may take minutes.
 */
export async function askDaemon(
  config: Config,
  question: Question,
): Promise<DaemonAnswer | undefined> {
  for (const place of places(config)) {
    const answer = await ask(place, question);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function places(config: Config): Place[] {
  const found: Place[] = [
    { options: { socketPath: socketPath(config, 'scorpio') }, prefix: '/antares' },
    { options: { socketPath: socketPath(config, 'antares') }, prefix: '' },
  ];
  const { http_addr, http_token } = config.values;
  // An address that nobody chose may be another configuration's daemon.
  const address = parseAddress(http_addr);
  if (address === undefined || address.port === 0) return found;
  if (config.settings.get('http_addr')?.origin.kind === 'default') return found;
  const local = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address.host] ?? address.host;
  const url = new URL(`http://${formatAddress({ host: local, port: address.port })}`);
  const headers = http_token === undefined ? {} : { authorization: `Bearer ${http_token}` };
  found.push({
    options: { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port, headers },
    prefix: '/antares',
  });
  return found;
}

async function ask(
  { options, prefix }: Place,
  { method, path, body }: Question,
): Promise<DaemonAnswer | undefined> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return await new Promise((resolve, reject) => {
    const sent = request(
      {
        ...options,
        method,
        path: prefix + path,
        headers: {
          host: 'localhost',
          ...(options.headers as Readonly<Record<string, string>> | undefined),
          ...(text !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
          }),
        },
      },
      (answer) => {
        let got = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (got += chunk));
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: got }));
        answer.once('error', reject);
      },
    );
    sent.once('error', (error: NodeJS.ErrnoException) => {
      const nobody = ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'EACCES'];
      if (nobody.includes(error.code ?? '')) resolve(undefined);
      else reject(error);
    });
    sent.end(text);
  });
}

/** The words of an answer that is a failure. */
export function failureOf({ status, text }: DaemonAnswer): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // Not one of ours.
  }
  return `the daemon answered ${status}`;
}
