import { redactUrl } from '@scorpiofs/config';
import { ok, warn, type Finding } from './check.js';

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'TimeoutError') return 'no answer in time';
  const code = 'code' in cause && typeof cause.code === 'string' ? `${cause.code} ` : '';
  return `${code}${cause.message}`.trim();
}

/** GET with a limit over everything; credentials of the URL go into a header, as `fetch` refuses them in the URL. */
async function get(url: string, ms: number): Promise<{ status: number; body: string }> {
  const target = new URL(url);
  const headers: Record<string, string> = {};
  if (target.username !== '') {
    const pair = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(pair).toString('base64')}`;
    target.username = '';
    target.password = '';
  }
  const response = await fetch(target, { headers, signal: AbortSignal.timeout(ms) });
  const reader = response.body?.getReader();
  // Enough to see what it is; the rest of a hostile or huge page is not wanted.
  const first = await reader?.read();
  await reader?.cancel();
  return {
    status: response.status,
    body: Buffer.from(first?.value ?? [])
      .toString()
      .slice(0, 200),
  };
}

/** Any HTTP status counts as reachable (spec §4); what kind of server it is says the next check. */
export async function reachable(name: string, url: string, ms = 5000): Promise<Finding> {
  const shown = redactUrl(url);
  try {
    const { status } = await get(url, ms);
    return ok(name, `${shown} reachable (HTTP ${status})`);
  } catch (error) {
    return warn(name, `${shown} unreachable: ${reasonOf(error)}`);
  }
}

/** Whether a Mega server answers there, not just something (K-23). */
export async function megaApi(url: string, ms = 5000): Promise<Finding> {
  const name = 'mega api';
  const shown = `${redactUrl(url)}/api/v1/status`;
  try {
    const { status, body } = await get(`${url}/api/v1/status`, ms);
    if (status === 200 && body === '"http ready"') return ok(name, `${shown} answers`);
    return warn(
      name,
      `${shown} answers HTTP ${status}, but not as a Mega server does`,
      'Check base_url.',
    );
  } catch (error) {
    return warn(
      name,
      `${shown} unreachable: ${reasonOf(error)}`,
      'Start the server, or check base_url.',
    );
  }
}
