/** One way to come by a throwaway server. Sources are asked in turn; the first that can start one wins. */
export interface ScratchSource {
  readonly name: 'url' | 'embedded' | 'local' | 'docker';
  /** Starts a server, or says in one line why this source cannot. Leaves nothing behind in that case. */
  start(request: ScratchRequest): Promise<RunningServer | Unavailable>;
}

export interface ScratchRequest {
  /** The major version asked for; undefined takes whatever the source has, preferring the newest. */
  readonly version: number | undefined;
  /** Lines for postgresql.conf. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether a commit waits for the disk, as on a real server. */
  readonly durable: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface RunningServer {
  /** A superuser's URL of the database `postgres`. */
  readonly url: string;
  readonly binDir?: string;
  readonly dataDir?: string;
  /** Stops the server and removes what it left on disk. */
  stop(): Promise<void>;
}

export interface Unavailable {
  readonly unavailable: string;
}

export const DEFAULT_VERSION = 18;
export const OLDEST_VERSION = 13;

/** The settings that trade safety at a power cut for speed; right for data that nobody will miss. */
export const NOT_DURABLE: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
};
