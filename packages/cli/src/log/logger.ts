import { LEVELS, levelFor, type LevelName, type LogFilter } from '@scorpiofs/config';
import winston from 'winston';
import { jsonLine, textLine, type Fields, type LogEvent } from './log-line.js';
import { LogSink } from './log-sink.js';

export type LogFormat = 'text' | 'json';
type Loud = Exclude<LevelName, 'off'>;

/** What a part of the program logs with. Ask `enabled` before putting together what may not be wanted. */
export interface Log {
  enabled(level: Loud): boolean;
  /** Error: a user's work failed for good. */
  error(message: string, fields?: Fields): void;
  /** Warn: something went wrong and was dealt with. */
  warn(message: string, fields?: Fields): void;
  /** Info: life cycle. */
  info(message: string, fields?: Fields): void;
  /** Debug: per request. */
  debug(message: string, fields?: Fields): void;
  trace(message: string, fields?: Fields): void;
}

export interface LoggingOptions {
  readonly filter: LogFilter;
  readonly format: LogFormat;
  readonly colour: boolean;
  /** Default: standard error. */
  readonly sink?: LogSink;
}

/** Numbers for winston, small is important. `off` is no level of an event. */
const WINSTON_LEVELS = Object.fromEntries(LEVELS.slice(1).map((name, i) => [name, i]));
const MESSAGE = Symbol.for('message');

/** The logger of a process: one sink, and one `Log` per target. */
export class Logging {
  readonly #options: LoggingOptions;
  readonly #sink: LogSink;
  readonly #winston: winston.Logger;
  readonly #logs = new Map<string, Log>();
  #reported = 0;

  constructor(options: LoggingOptions) {
    this.#options = options;
    this.#sink = options.sink ?? new LogSink();
    const { format, colour } = options;
    const render = (event: LogEvent) =>
      format === 'json' ? jsonLine(event) : textLine(event, colour);
    this.#winston = winston.createLogger({
      levels: WINSTON_LEVELS,
      // What is wanted is decided per target before an event is made.
      level: 'trace',
      format: winston.format((info) => {
        info[MESSAGE] = render(info['event'] as LogEvent);
        return info;
      })(),
      transports: [new winston.transports.Stream({ stream: this.#sink, eol: '\n' })],
    });
  }

  /** The log of a target (`scorpiofs::dicfuse`). */
  for(target: string): Log {
    let log = this.#logs.get(target);
    if (log === undefined) {
      log = this.#make(target);
      this.#logs.set(target, log);
    }
    return log;
  }

  #make(target: string): Log {
    const limit = LEVELS.indexOf(levelFor(this.#options.filter, target));
    const enabled = (level: Loud) => LEVELS.indexOf(level) <= limit;
    const at =
      (level: Loud) =>
      (message: string, fields: Fields = {}): void => {
        if (!enabled(level)) return;
        this.#reportDropped();
        this.#emit({
          time: performance.timeOrigin + performance.now(),
          level,
          target,
          message,
          fields,
        });
      };
    return {
      enabled,
      error: at('error'),
      warn: at('warn'),
      info: at('info'),
      debug: at('debug'),
      trace: at('trace'),
    };
  }

  #emit(event: LogEvent): void {
    this.#winston.log({ level: event.level, message: event.message, event });
  }

  #reportDropped(): void {
    const { dropped } = this.#sink;
    if (dropped === this.#reported || this.#sink.full) return;
    const count = dropped - this.#reported;
    this.#reported = dropped;
    const time = performance.timeOrigin + performance.now();
    const message = 'log lines were lost because the output did not take them';
    this.#emit({ time, level: 'warn', target: 'scorpiofs::cli', message, fields: { count } });
  }

  /** Waits at most `ms` for what was logged to be written. */
  async drain(ms = 1000): Promise<void> {
    // winston hands events on in later turns of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#sink.drain(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    this.#winston.close();
    this.#sink.destroy();
  }
}
