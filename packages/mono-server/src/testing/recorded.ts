import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIXTURES } from './mega-content.js';

export interface Question {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly save?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  readonly base64?: string;
  readonly sha256?: string;
  readonly length?: number;
}

export interface Recording {
  readonly id: string;
  readonly answer: Answer;
  readonly fault?: string;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(FIXTURES, name), 'utf8'));

export const dialogue = read('dialogue.json') as readonly Question[];
export const recorded = read('answers.json') as {
  readonly vars: Readonly<Record<string, string>>;
  readonly answers: readonly Recording[];
};
