import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client } from 'pg';
import { startListener } from './tcp-proxy.ts';
import { messageReader, SSL_REQUEST } from './wire-messages.ts';

const TERMINATE = 'X';
const READY = 'Z';
/** The messages after which the server answers with READY. */
const ENDS_A_REQUEST = new Set(['Q', 'S']);

/**
 * A connection pooler like PgBouncer with pool_mode = transaction: a client has a backend from its first message
 * until the server is idle again outside a transaction, and the backend given back last is used first.
 */
export interface TransactionPooler {
  /** The URL that was given, by way of the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startPooler(url: string): Promise<TransactionPooler> {
  const pool = new BackendPool(url);
  const listener = await startListener((client) => serveClient(client, pool));
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(listener.port);
  return {
    url: through.href,
    async stop() {
      await listener.stop();
      await pool.close();
    },
  };
}

interface Backend {
  readonly client: Client;
  readonly stream: Duplex;
}

class BackendPool {
  readonly #url: string;
  readonly #idle: Backend[] = [];
  readonly #all: Backend[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  async take(): Promise<Backend> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const client = new Client({ connectionString: this.#url });
    await client.connect();
    // From here on the bytes are ours, not the driver's.
    const { stream } = client.connection;
    stream.removeAllListeners('data');
    const backend = { client, stream };
    this.#all.push(backend);
    return backend;
  }

  giveBack(backend: Backend): void {
    backend.stream.removeAllListeners('data');
    this.#idle.push(backend);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ client }) => client.end()));
  }
}

function serveClient(socket: Socket, pool: BackendPool): void {
  let backend: Backend | undefined;
  let requests: Promise<void> = Promise.resolve();

  async function request(bytes: Buffer): Promise<void> {
    backend ??= await pool.take();
    const current = backend;
    const status = await forward(bytes, current.stream, socket);
    if (status !== 'I') return;
    backend = undefined;
    pool.giveBack(current);
  }

  const messages = messageReader(true);
  let pending: Buffer[] = [];
  socket.on('data', (data) => {
    for (const message of messages(data)) {
      if (message.type === '') {
        socket.write(message.startup === SSL_REQUEST ? 'N' : welcome());
        continue;
      }
      if (message.type === TERMINATE) continue;
      pending.push(message.bytes);
      if (!ENDS_A_REQUEST.has(message.type)) continue;
      const bytes = Buffer.concat(pending);
      pending = [];
      requests = requests.then(() => request(bytes));
    }
  });
}

/** Sends one request to the backend and its answer to the client; resolves to the transaction status. */
function forward(bytes: Buffer, backend: Duplex, client: Socket): Promise<string> {
  const messages = messageReader(false);
  return new Promise((resolve) => {
    backend.on('data', (data: Buffer) => {
      client.write(data);
      for (const message of messages(data)) {
        if (message.type !== READY) continue;
        backend.removeAllListeners('data');
        resolve(message.bytes.toString('latin1', 5, 6));
      }
    });
    backend.write(bytes);
  });
}

/** AuthenticationOk, BackendKeyData with a made-up pid, ReadyForQuery. */
function welcome(): Buffer {
  const ok = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
  const key = Buffer.from([0x4b, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0]);
  key.writeInt32BE(randomInt(1, 2 ** 31 - 1), 5);
  const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
  return Buffer.concat([ok, key, ready]);
}
