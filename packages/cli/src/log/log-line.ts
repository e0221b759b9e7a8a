import { isSecretName, REDACTED, redactUrls, type LevelName } from '@scorpiofs/config';

export type Field = string | number | bigint | boolean | null | undefined;
export type Fields = Readonly<Record<string, Field>>;

export interface LogEvent {
  /** Milliseconds since the epoch; fractions are microseconds. */
  readonly time: number;
  readonly level: LevelName;
  readonly target: string;
  readonly message: string;
  readonly fields: Fields;
}

/** RFC 3339 in UTC with six digits. */
export function timestamp(time: number): string {
  const micros = Math.round(time * 1000);
  const rest = String(micros % 1000).padStart(3, '0');
  return new Date(Math.floor(micros / 1000)).toISOString().replace('Z', `${rest}Z`);
}

/** One event is one line, and cannot colour or move a terminal, whatever a server or file name puts into it. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (c) =>
    JSON.stringify(c).slice(1, -1).replace('\u007f', '\\u007f'),
  );
}

function safe(name: string, value: Field): Field {
  if (isSecretName(name)) return REDACTED;
  return typeof value === 'string' ? redactUrls(value) : value;
}

function fieldText(name: string, value: Field): string {
  const shown = safe(name, value);
  const text =
    typeof shown === 'string' && /[\s"=]/.test(shown) ? JSON.stringify(shown) : String(shown);
  return `${name}=${oneLine(text)}`;
}

const COLOURS: Readonly<Record<LevelName, string>> = {
  off: '',
  error: '\u001b[31m',
  warn: '\u001b[33m',
  info: '\u001b[32m',
  debug: '\u001b[34m',
  trace: '\u001b[35m',
};
const DIM = '\u001b[2m';
const RESET = '\u001b[0m';

/** `2026-07-01T08:00:00.123456Z  INFO message key=value`. The target is not printed (spec §3.3). */
export function textLine(event: LogEvent, colour: boolean): string {
  const time = timestamp(event.time);
  const level = event.level.toUpperCase().padStart(5);
  const head = colour
    ? `${DIM}${time}${RESET} ${COLOURS[event.level]}${level}${RESET}`
    : `${time} ${level}`;
  const fields = Object.entries(event.fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${fieldText(name, value)}`);
  return `${head} ${oneLine(redactUrls(event.message))}${fields.join('')}`;
}

/** The same as one JSON object, target included. */
export function jsonLine(event: LogEvent): string {
  const fields = Object.entries(event.fields).map(([name, value]) => {
    const shown = safe(name, value);
    return [name, typeof shown === 'bigint' ? shown.toString() : shown];
  });
  return JSON.stringify({
    ...Object.fromEntries(fields),
    timestamp: timestamp(event.time),
    level: event.level,
    target: event.target,
    message: redactUrls(event.message),
  });
}
