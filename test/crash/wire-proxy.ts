import type { Socket } from 'node:net';
import { type Listener, startTcpProxy } from '../support/tcp-proxy.ts';
import { messageReader, type Message } from '../support/wire-messages.ts';

/** One request of a client: all that it sends before it waits for the server. */
export interface Request {
  /** The session's application name and which of that name it is: `tiptoe: control 0`. */
  readonly session: string;
  /** Counts the requests of the session from 0, those that a timer sends left out. */
  readonly index: number;
  /** What is asked, shortened; `connect` for the first. */
  readonly sql: string;
}

/** `before`: the server has not got it. `sent`: the server has it. `answered`: the server has answered, and the client does not know. */
export type Moment = 'before' | 'sent' | 'answered';

export interface Passing {
  readonly request: Request;
  readonly moment: Moment;
  /** The server's process of this session; null before it has said. */
  readonly pid: number | null;
  /** Breaks this connection at both ends. */
  cut(): void;
}

/** A TCP proxy in front of a server, which sees every request and lets a test act at any moment of it. */
export interface WireProxy extends Listener {
  /** Every request that came, in order. */
  readonly requests: readonly Request[];
  /** The process of the newest session of that application name. */
  pidOf(application: string): number | null;
}

/** What timers ask: how often depends on how busy the machine is. */
const POLLED = /pg_locks|pg_stat_progress|^UPDATE \S+lease SET heartbeat_at/;

/** `onPassing` is asked at each moment of each request; where it returns a promise, the request waits for it. */
export async function startProxy(
  target: Pick<URL, 'hostname' | 'port'>,
  onPassing: (passing: Passing) => Promise<void> | undefined,
): Promise<WireProxy> {
  const requests: Request[] = [];
  const connections = new Set<Connection>();
  const names = new Map<string, number>();
  const proxy = await startTcpProxy(target, (client, server) => {
    const connection = new Connection(client, server, {
      name(application) {
        const number = names.get(application) ?? 0;
        names.set(application, number + 1);
        return `${application} ${number}`;
      },
      onRequest: (request) => requests.push(request),
      onPassing,
    });
    connections.add(connection);
    client.on('close', () => connections.delete(connection));
  });
  return {
    ...proxy,
    requests,
    pidOf: (application) =>
      [...connections].findLast(({ session, pid }) => pid !== null && session.startsWith(`${application} `))?.pid ??
      null,
  };
}

interface Watcher {
  name(application: string): string;
  onRequest(request: Request): void;
  onPassing(passing: Passing): Promise<void> | undefined;
}

class Connection {
  session = '';
  pid: number | null = null;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #watcher: Watcher;
  #index = 0;
  #held: Buffer[] | null = null;
  #answered: () => void = () => {};
  #requests: Promise<void> = Promise.resolve();

  constructor(client: Socket, server: Socket, watcher: Watcher) {
    this.#client = client;
    this.#server = server;
    this.#watcher = watcher;
    const fromClient = messageReader(true);
    let pending: Message[] = [];
    client.on('data', (data) => {
      for (const message of fromClient(data)) {
        pending.push(message);
        if (!ENDS_A_REQUEST.has(message.type)) continue;
        const request = pending;
        pending = [];
        this.#requests = this.#requests.then(() => this.#pass(request));
      }
    });
    const fromServer = messageReader(false);
    server.on('data', (data) => {
      const messages = fromServer(data);
      if (this.#held === null) this.#client.write(data);
      else this.#held.push(data);
      for (const { type, bytes } of messages) {
        if (type === BACKEND_KEY) this.pid = bytes.readInt32BE(5);
        if (type === READY) this.#answered();
      }
    });
    server.on('close', () => this.#answered());
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  async #pass(messages: readonly Message[]): Promise<void> {
    const bytes = Buffer.concat(messages.map((message) => message.bytes));
    const sql = describe(messages);
    if (this.session === '') this.session = this.#watcher.name(applicationName(messages));
    if (messages[0]?.type === TERMINATE || POLLED.test(sql)) {
      this.#server.write(bytes);
      return;
    }
    const request = { session: this.session, index: this.#index, sql };
    this.#index += 1;
    this.#watcher.onRequest(request);
    const at = (moment: Moment) => this.#watcher.onPassing({ request, moment, pid: this.pid, cut: () => this.cut() });

    await at('before');
    const answered = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    this.#held = [];
    await new Promise<void>((resolve) => {
      if (this.#server.destroyed) resolve();
      else this.#server.write(bytes, () => resolve());
    });
    await at('sent');
    // Nothing is held back of a request that asks for a password, or of one that a test does not care about.
    if (request.index > 0) {
      const atEnd = answered.then(() => at('answered'));
      await atEnd;
    }
    const held = this.#held;
    this.#held = null;
    for (const data of held) this.#client.write(data);
  }
}

const TERMINATE = 'X';
const READY = 'Z';
const BACKEND_KEY = 'K';
/** A query, the end of the extended protocol's messages, a password, goodbye, and the startup message. */
const ENDS_A_REQUEST: ReadonlySet<string> = new Set(['Q', 'S', 'p', TERMINATE, '']);

function describe(messages: readonly Message[]): string {
  const first = messages[0];
  if (first === undefined || first.type === '') return 'connect';
  const text = first.bytes.toString('utf8', 5);
  // Parse: the name of the statement comes first.
  const sql = first.type === 'P' ? text.slice(text.indexOf('\0') + 1) : text;
  return sql
    .slice(0, Math.max(0, sql.indexOf('\0')))
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function applicationName([startup]: readonly Message[]): string {
  const parameters = startup?.bytes.toString('utf8', 8).split('\0') ?? [];
  return parameters[parameters.indexOf('application_name') + 1] ?? '?';
}
