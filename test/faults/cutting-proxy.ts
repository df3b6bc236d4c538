import { type Listener, startTcpProxy } from '../support/tcp-proxy.ts';

/** `before`: the server never gets the COMMIT. `sent`: it may. `answered`: it did, and the client never hears of it. */
export type Cut = 'before' | 'sent' | 'answered';

/** A simple query, as the driver sends it: by itself. https://www.postgresql.org/docs/current/protocol-message-formats.html */
const COMMIT = Buffer.from('Q\0\0\0\u000bCOMMIT\0', 'latin1');

/** A proxy that breaks connections: `atCommit` is asked at each COMMIT what is to become of the connection; null lets it pass. */
export function startCuttingProxy(
  target: Pick<URL, 'hostname' | 'port'>,
  atCommit: () => Cut | null = () => null,
): Promise<Listener> {
  return startTcpProxy(target, (client, server) => {
    let deaf = false;
    server.on('data', (data) => (deaf ? server.destroy() : client.write(data)));
    client.on('data', (data) => {
      const cut = data.equals(COMMIT) ? atCommit() : null;
      if (cut === 'before') client.destroy();
      else if (cut === 'sent') server.write(data, () => client.destroy());
      else {
        deaf = cut === 'answered';
        server.write(data);
      }
    });
  });
}
