import { Client, type QueryConfig } from 'pg';
import type { HistoryFile, Sent } from './history.ts';

/** A client of the driver that keeps, file by file, what a product's migrations send through it; they get real answers. */
export class RecordingClient extends Client {
  readonly files: HistoryFile[] = [];
  #sent: Sent[] | null = null;
  #depth = 0;

  /** Records what `migration` sends as the file `path`. */
  async record(path: string, migration: () => unknown): Promise<void> {
    const sent: Sent[] = [];
    this.#sent = sent;
    try {
      await migration();
    } catch (error) {
      throw new Error(`${path}: ${String(error)}`, { cause: error });
    } finally {
      this.#sent = null;
    }
    if (sent.length > 0) this.files.push({ path, sent });
  }

  /** All of the driver's forms: a text or a config, values or none, a callback or a promise. */
  override query = ((...call: unknown[]): unknown => {
    if (this.#depth === 0) this.#note(call);
    this.#depth += 1;
    try {
      return (super.query as (...call: unknown[]) => unknown).apply(this, call);
    } finally {
      this.#depth -= 1;
    }
  }) as Client['query'];

  /** A question of ours among the migration's own. */
  async unrecorded(text: string, values: unknown[]): Promise<Record<string, string>[]> {
    this.#depth += 1;
    try {
      return (await super.query<Record<string, string>>(text, values)).rows;
    } finally {
      this.#depth -= 1;
    }
  }

  #note([first, second]: readonly unknown[]): void {
    const { text, values } = typeof first === 'string' ? { text: first, values: undefined } : (first as QueryConfig);
    this.#sent?.push({ text, values: Array.isArray(second) ? second : (values ?? []) });
  }
}
