import { OutputClosed, type Output } from '../output.js';

/** Keeps what a command says. */
export class Recorder implements Output {
  stdout = '';
  stderr = '';
  readonly interactive = false;
  readonly width = 100;

  constructor(private readonly closed = false) {}

  out(text: string): void {
    if (this.closed) throw new OutputClosed();
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }
}
