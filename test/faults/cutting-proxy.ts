import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** `before`: the server never gets the COMMIT. `sent`: it may. `answered`: it did, and the client never hears of it. */
export type Cut = 'before' | 'sent' | 'answered';

/** A TCP proxy in front of a server, which breaks connections. */
export interface CuttingProxy {
  readonly port: number;
  /** Breaks all connections, and takes no more. */
  stop(): Promise<void>;
}

/** A simple query, as the driver sends it: by itself. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const COMMIT = Buffer.from('Q\0\0\0\u000bCOMMIT\0', 'latin1');

/** `atCommit` is asked at each COMMIT what is to become of the connection; null lets it pass. */
export async function startCuttingProxy(
  { hostname, port }: { readonly hostname: string; readonly port: string },
  atCommit: () => Cut | null = () => null,
): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = createConnection({ host: hostname, port: Number(port) });
    let deaf = false;
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one.setNoDelay(true));
      one
        .on('error', () => {})
        .on('close', () => {
          open.delete(one);
          other.destroy();
        });
    }
    upstream.on('data', (data) => (deaf ? upstream.destroy() : client.write(data)));
    client.on('data', (data) => {
      const cut = data.equals(COMMIT) ? atCommit() : null;
      if (cut === 'before') client.destroy();
      else if (cut === 'sent') upstream.write(data, () => client.destroy());
      else {
        deaf = cut === 'answered';
        upstream.write(data);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
