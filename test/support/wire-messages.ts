/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
export const SSL_REQUEST = 80_877_103;

export interface Message {
  /** Empty for the startup messages, which have no type. */
  readonly type: string;
  readonly startup: number;
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into protocol messages; a client's stream begins with startup messages. */
export function messageReader(fromClient: boolean): (data: Buffer) => Message[] {
  let rest = Buffer.alloc(0);
  let startingUp = fromClient;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    const messages: Message[] = [];
    for (;;) {
      const header = startingUp ? 4 : 5;
      if (rest.length < header) return messages;
      const length = rest.readInt32BE(header - 4) + header - 4;
      if (rest.length < length) return messages;
      const bytes = rest.subarray(0, length);
      rest = rest.subarray(length);
      const startup = startingUp ? bytes.readInt32BE(4) : 0;
      messages.push({ type: startingUp ? '' : bytes.toString('latin1', 0, 1), startup, bytes });
      if (startup !== SSL_REQUEST) startingUp = false;
    }
  };
}
