/** A transaction of someone else that keeps online work waiting, each at another of its phases. */
export type Holder = keyof typeof HOLDERS;

export const HOLDERS = {
  /** Before it builds: its index is there, and empty. */
  writer: 'BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE',
  /** After it has built: its index is there, and not valid. */
  snapshot: 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t',
  /** Before what is replaced or dropped may go. */
  reader: 'BEGIN; LOCK TABLE t IN ACCESS SHARE MODE',
} as const;
