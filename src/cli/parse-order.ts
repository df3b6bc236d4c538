import type { MessagePort } from 'node:worker_threads';
import type { Fills } from '../sql/fills.ts';
import type { Comment, Script, Statement } from '../sql/statement.ts';

/** A file to parse. */
export interface Unparsed {
  readonly path: string;
  readonly text: string;
  readonly fills?: Fills;
}

/** What the thread that parses ahead has from its start. */
export interface Shared {
  /** Numbers that both threads see: {@link TAKEN}, {@link DELIVERED} and {@link NEEDED}. */
  readonly marks: Int32Array;
  readonly outbox: MessagePort;
}

/** What it is asked for, once. */
export interface Order {
  readonly files: readonly Unparsed[];
  readonly variables: Readonly<Record<string, string>>;
  /** What files may be included from. */
  readonly roots: readonly string[];
}

/** The first file that nobody has begun to parse. */
export const TAKEN = 0;
/** How many files the other thread has sent. */
export const DELIVERED = 1;
/** The file that is judged next. */
export const NEEDED = 2;

/** A file as it is sent. */
export interface Parsed {
  readonly at: number;
  /** A {@link ParsedScript}: as JSON it is read three times as fast as an object that is copied across. */
  readonly json: string;
}

/** A script whose text is with the one who asked. */
export interface ParsedScript extends Omit<Script, 'source' | 'statements' | 'comments'> {
  readonly statements: readonly Sent<Statement>[];
  readonly comments: readonly Sent<Comment>[];
  readonly included: ReadonlyArray<{ readonly path: string; readonly text: string }>;
}

/** Something of a script, without its text where that is what stands in the file. */
export type Sent<Item extends { readonly text: string }> = Omit<Item, 'text'> & { readonly text?: string | undefined };
