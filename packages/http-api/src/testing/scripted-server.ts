import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Script {
  /** Of the request's path with its query. */
  readonly path: RegExp;
  /** Absent: the connection is cut. */
  readonly status?: number;
  readonly body?: string;
  /** Answered by the real server, when this has resolved. */
  readonly until?: Promise<unknown>;
}

/** A real HTTP server in front of another: what no script says anything about is passed on. */
export class ScriptedServer implements AsyncDisposable {
  /** The first that matches counts. */
  scripts: readonly Script[] = [];
  /** What came, `METHOD /path?query`. */
  readonly requests: string[] = [];
  readonly #server: Server;

  static async start(behind: string): Promise<ScriptedServer> {
    const made = new ScriptedServer(behind);
    await new Promise<void>((resolve) => made.#server.listen(0, '127.0.0.1', resolve));
    return made;
  }

  private constructor(readonly behind: string) {
    this.#server = createServer((incoming, outgoing) => this.#answer(incoming, outgoing));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests under way break off; nobody listens any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/' } = incoming;
    this.requests.push(`${method} ${url}`);
    const script = this.scripts.find(({ path }) => path.test(url));
    if (script === undefined) this.#pass(incoming, outgoing);
    else if (script.until !== undefined)
      void script.until.then(() => this.#pass(incoming, outgoing));
    else if (script.status === undefined) incoming.socket.destroy();
    else
      outgoing
        .writeHead(script.status, { 'content-type': 'application/json' })
        .end(script.body ?? '');
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url, headers } = incoming;
    const sent = request(`${this.behind}${url}`, { method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    sent.once('error', () => outgoing.destroy());
    incoming.pipe(sent);
  }
}
