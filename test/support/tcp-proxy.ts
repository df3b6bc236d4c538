import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** Takes connections on a port of its own. */
export interface Listener {
  readonly port: number;
  /** Breaks all connections, and takes no more. */
  stop(): Promise<void>;
}

export async function startListener(onClient: (client: Socket) => void): Promise<Listener> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client.setNoDelay(true));
    client.on('error', () => {}).on('close', () => clients.delete(client));
    onClient(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  return {
    port: address.port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}

/**
 * A TCP proxy in front of a server: `onConnection` gets both ends of each connection, and passes on what comes in. When one end
 * closes, the other one does, once it has written what it was given.
 */
export function startTcpProxy(
  { hostname, port }: Pick<URL, 'hostname' | 'port'>,
  onConnection: (client: Socket, server: Socket) => void,
): Promise<Listener> {
  return startListener((client) => {
    const server = createConnection({ host: hostname, port: Number(port) }).setNoDelay(true);
    client.on('close', () => server.destroySoon());
    server.on('error', () => {}).on('close', () => client.destroySoon());
    onConnection(client, server);
  });
}
