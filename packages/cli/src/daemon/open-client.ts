import type { Config, ConfigKey } from '@scorpiofs/config';
import { MegaClient, type MegaClientOptions } from '@scorpiofs/mega-client';

const LONGEST_SECONDS = 24 * 60 * 60;

/** A client of the configured server. Values that nobody set leave the client's own defaults, which are measured. */
export function clientOptions(config: Config, baseUrl = config.values.base_url): MegaClientOptions {
  const { values } = config;
  const isSet = (key: ConfigKey) => config.settings.get(key)?.origin.kind !== 'default';
  const ms = (seconds: number) => Math.min(seconds, LONGEST_SECONDS) * 1000;
  const url = new URL(baseUrl);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return {
    baseUrl: url.href,
    ...(username !== '' && { headers: { authorization } }),
    ...(isSet('fetch_file_thread') && { concurrency: Math.min(values.fetch_file_thread, 64) }),
    limits: {
      connect: ms(values.dicfuse_connect_timeout_secs),
      listing: ms(values.dicfuse_fetch_dir_timeout_secs),
    },
    retry: { attempts: Math.max(1, Math.min(values.dicfuse_fetch_dir_max_retries, 10)) },
  };
}

export function openClient(config: Config, baseUrl?: string): MegaClient {
  return new MegaClient(clientOptions(config, baseUrl));
}
