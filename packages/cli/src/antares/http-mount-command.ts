import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { STATUS_CODES } from 'node:http';
import { flagValue, type Invocation } from '../command/invocation.js';
import { CommandError } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { userOf } from './user-flags.js';

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** No time limit: a cold tree may take minutes. No proxy is asked and no redirect followed (K-41). */
async function post(url: URL, body: string, token: string): Promise<Answer> {
  const send = url.protocol === 'https:' ? secureRequest : request;
  return await new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      accept: '*/*',
      'content-length': Buffer.byteLength(body),
      ...(token !== '' && { authorization: `Bearer ${token}` }),
    };
    const sent = send(url, { method: 'POST', headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function failed(message: string, hint: string, exit: ExitCode, cause?: unknown): CommandError {
  return new CommandError('HTTP_MOUNT', message, hint, exit, cause);
}

const HINT = 'See whether the daemon runs, and where: --endpoint http://HOST:PORT/antares';

async function ask(endpoint: string, body: string, token: string): Promise<Answer> {
  const text = `${endpoint.replace(/\/+$/, '')}/mounts`;
  if (!URL.canParse(text))
    throw failed('http mount request failed: builder error', HINT, EXIT.other);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw failed(`http mount request failed: builder error for url (${text})`, HINT, EXIT.other);
  try {
    return await post(url, body, token);
  } catch (error) {
    const message = `http mount request failed: error sending request for url (${text})`;
    throw failed(message, HINT, EXIT.other, error);
  }
}

/** Sorted at every level, as recorded. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, item]) => [name, sorted(item)]));
}

export async function runHttpMount(invocation: Invocation, fallback: string): Promise<ExitCode> {
  const body = JSON.stringify({
    cl: flagValue(invocation, '--cl') ?? null,
    job_id: flagValue(invocation, '--job-id') ?? null,
    path: invocation.args[0] ?? '',
    ...userOf(invocation),
  });
  const endpoint = flagValue(invocation, '--endpoint') ?? fallback;
  // From the environment alone: the token of a file is this host's, and not every endpoint's to know.
  const token = invocation.env['SCORPIO_HTTP_TOKEN']?.trim() ?? '';
  const { status, text } = await ask(endpoint, body, token);
  if (status < 200 || status > 299)
    throw failed(
      `http mount failed: status=${status} ${STATUS_CODES[status] ?? ''} body=${text}`,
      status === 401 || status === 403
        ? 'Give the http_token of that daemon as SCORPIO_HTTP_TOKEN.'
        : 'The body says why the daemon did not mount.',
      EXIT.mount,
    );
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    const message = 'failed to parse response json: error decoding response body';
    throw failed(message, HINT, EXIT.other, error);
  }
  invocation.output.out(`${JSON.stringify(sorted(answer), null, 2)}\n`);
  return EXIT.ok;
}
